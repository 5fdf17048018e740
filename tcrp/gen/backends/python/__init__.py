"""The Python codecs: tcrp.fastcodec, and the file that stands alone."""
