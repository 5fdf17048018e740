"""Every sentence the client says, by id, in English and Japanese. What the server says is not here: render puts
known notices into these words.

A line that begins with "* " is about the room. Placeholders are filled with displayable text only, so that no
name and no reason can begin a line of its own.
"""
from __future__ import annotations

from tcrp.text import displayable

LANGUAGES = ("en", "ja")

CATALOGUE: dict[str, tuple[str, str]] = {
    # ---- the lobby ----
    "hello": (
        "Server {server}, user name {username}. Commands: create ROOM, join ROOM, help, exit.",
        "サーバー {server}、ユーザー名 {username} です。コマンド: create ルーム名、join ルーム名、help、exit",
    ),
    "ask_username": ("User name: ", "ユーザー名: "),
    "ask_username_or": ("User name [{default}]: ", "ユーザー名 [{default}]: "),
    "ask_new_password": (
        "Password for the room (empty: none): ",
        "ルームに付けるパスワード（空欄ならパスワードなし）: ",
    ),
    "ask_password": ("Password of the room: ", "ルームのパスワード: "),
    "lobby_help": (
        "create ROOM   open a room; you are its host, and when you leave, it closes\n"
        "join ROOM     go into a room that is open\n"
        "help          this text\n"
        "exit          end the program",
        "create ルーム名   ルームを作ります。作った人がホストになり、ホストが退出するとルームは閉じます\n"
        "join ルーム名     開いているルームに入ります\n"
        "help              この説明を表示します\n"
        "exit              プログラムを終了します",
    ),
    "lobby_unknown": (
        "Unknown command: {word}. Type help for the commands.",
        "{word} というコマンドはありません。help でコマンドの一覧を表示します。",
    ),
    "room_missing": ("Which room? Type {word} ROOM.", "ルーム名がありません。{word} ルーム名 と入力してください。"),
    "bad_username": ("This cannot be a user name: it {reason}.", "このユーザー名は使えません（{reason}）。"),
    "bad_room_name": ("This cannot be a room name: it {reason}.", "このルーム名は使えません（{reason}）。"),
    "bad_password": (
        "The password cannot be used: it {reason}.",
        "このパスワードは使えません（{reason}）。",
    ),
    "bad_line": (
        "That line is not text in {encoding}; it was not used.",
        "入力された行は {encoding} の文字列ではないため、使いませんでした。",
    ),
    # ---- in a room ----
    "room_hint": (
        "* every line you type is sent; exit leaves, /help tells more",
        "* 入力した行はそのまま送信されます。exit で退出、/help で説明を表示します",
    ),
    "room_help": (
        "* every line is a message to the room, but for these:\n"
        "* exit, /exit   leave the room\n"
        "* /who          show who is here\n"
        "* /say WORDS    send WORDS as they are: /say exit\n"
        "* //WORDS       send a line that begins with one slash\n"
        "* /help         this text",
        "* 次のもの以外は、どの行もルームへのメッセージになります\n"
        "* exit, /exit   ルームから退出します\n"
        "* /who          ルームにいる人を表示します\n"
        "* /say 文       文をそのまま送信します（例: /say exit）\n"
        "* //文          スラッシュ 1 つで始まる行を送信します\n"
        "* /help         この説明を表示します",
    ),
    "room_unknown": (
        "* unknown command {word}, nothing was sent: /help shows the commands, // sends a line that begins with /",
        "* {word} というコマンドはないため、送信しませんでした。/help で一覧を表示します。/ で始まる行は // で送れます",
    ),
    "say_missing": ("* /say what? nothing was sent", "* /say の後に文がないため、送信しませんでした"),
    "created": (
        "* room {room} is open; you are its host, and when you leave, it closes",
        "* ルーム {room} を作りました。あなたがホストです。あなたが退出するとルームは閉じます",
    ),
    "joined": ("* you are in room {room}", "* ルーム {room} に入りました"),
    "members": ("* here: {names}", "* ルームにいる人: {names}"),
    "notice_joined": ("* {name} joined", "* {name} さんが入室しました"),
    "notice_left": ("* {name} left", "* {name} さんが退出しました"),
    "notice_rejected": ("* a message was not delivered ({reason})", "* メッセージは配信されませんでした（{reason}）"),
    "notice_unknown": ("* {text}", "* {text}"),
    # ---- how it ends ----
    "left": ("* you left room {room}", "* ルーム {room} から退出しました"),
    "left_unconfirmed": (
        "* you left room {room}; the server did not confirm it",
        "* ルーム {room} から退出しました。サーバーからの確認はありませんでした",
    ),
    "room_closed": ("* room {room} is closed", "* ルーム {room} は閉じられました"),
    "removed": (
        "* the server removed you from room {room}; join it again to go on",
        "* サーバーによりルーム {room} から外されました。続けるには入り直してください",
    ),
    "unreachable": (
        "* {server} does not answer any more: you are out of room {room}",
        "* {server} から応答がなくなりました。ルーム {room} との接続を終わります",
    ),
    "again": (
        "* to go on, type join {room}; or create {room}, if the server was started again: then its rooms are gone",
        "* 続けるには join {room} と入力してください。サーバーが再起動した場合ルームは消えているので、"
        "create {room} で作り直せます",
    ),
    "no_datagrams": (
        "{server} let you in, but does not answer on UDP port {udp_port}: a firewall may block UDP",
        "{server} には接続できましたが、UDP ポート {udp_port} の応答がありません。"
        "ファイアウォールが UDP を遮断しているかもしれません",
    ),
    "cannot_connect": ("cannot reach {server}: {reason}", "{server} に接続できません: {reason}"),
    "no_answer": (
        "{server} does not answer: is it a TCRP server?",
        "{server} から応答がありません。TCRP サーバーでしょうか？",
    ),
    "closed": (
        "{server} closed the connection without an answer: is it a TCRP server?",
        "{server} が応答せずに接続を閉じました。TCRP サーバーでしょうか？",
    ),
    "broken": (
        "{server} broke the protocol: is it a TCRP server? ({reason})",
        "{server} の応答がプロトコルに合いません。TCRP サーバーでしょうか？（{reason}）",
    ),
    "refused_create": ("room {room} was not created: {reason}", "ルーム {room} を作れませんでした: {reason}"),
    "refused_join": ("you are not in room {room}: {reason}", "ルーム {room} に入れませんでした: {reason}"),
    "output_lost": ("the output cannot be written: {reason}", "出力に書き込めません: {reason}"),
    # ---- tcrp.constants.Status, by name ----
    "ROOM_EXISTS": ("there is a room of that name already", "同じ名前のルームがすでにあります"),
    "ROOM_NOT_FOUND": ("there is no room of that name", "その名前のルームはありません"),
    "WRONG_PASSWORD": ("the password is wrong", "パスワードが違います"),
    "INVALID_REQUEST": ("the server calls the request invalid", "サーバーが要求を不正と判断しました"),
    "INTERNAL_ERROR": ("the server failed; try again later", "サーバーで障害が起きました。後でもう一度お試しください"),
    "NAME_IN_USE": (
        "somebody there has your user name, or one that looks the same",
        "同じ、またはよく似たユーザー名の人がすでにいます",
    ),
    "ROOM_FULL": ("the room is full", "ルームは満員です"),
    "RATE_LIMITED": (
        "too many attempts from your address; wait a minute",
        "お使いのアドレスからの試行が多すぎます。1 分ほど待ってからお試しください",
    ),
    "SERVER_FULL": ("the server is full; try again later", "サーバーが満員です。後でもう一度お試しください"),
    "SHUTTING_DOWN": ("the server is about to end", "サーバーはまもなく終了します"),
    "unknown_status": ("status {number}", "ステータス {number}"),
    # ---- --help ----
    "about": (
        "Chat over TCRP. Without a command it is interactive. When standard input is no terminal, every\n"
        "line of it is a message to the room of the command, standard output has the messages of the\n"
        "others and nothing else, and the end of input leaves the room.\n"
        "Messages and passwords travel in plain text: use it on networks that you trust.",
        "TCRP のチャットクライアントです。コマンドを付けなければ対話形式になります。\n"
        "標準入力が端末でないときは、その各行がコマンドで指定したルームへのメッセージになり、\n"
        "標準出力には他の人のメッセージだけが出力され、入力が終わると退出します。\n"
        "メッセージもパスワードも平文で送られます。信頼できるネットワークでお使いください。",
    ),
    "about_command": (
        "the room to open or to go into; quote a name with spaces",
        "作るルーム、または入るルームです。空白を含む名前は引用符で囲みます",
    ),
    "option_server": (
        "HOST, HOST:PORT or [IPV6]:PORT of the server",
        "サーバーの HOST、HOST:PORT または [IPV6]:PORT",
    ),
    "option_user": (
        "your user name (default: it is asked for; where input is no terminal, your login name)",
        "ユーザー名（指定がなければ尋ねます。入力が端末でなければログイン名を使います）",
    ),
    "option_password_file": (
        "file whose first line is the room's password",
        "最初の行がルームのパスワードであるファイル",
    ),
    "option_udp_port": (
        "UDP port of the server, if it is not the TCP port",
        "サーバーの UDP ポート（TCP ポートと異なるとき）",
    ),
    "option_language": ("en or ja (default: by the locale)", "en または ja（指定がなければロケールによります）"),
    "about_settings": (
        "--server can also be set as TCRP_SERVER in the environment, or as server in the TOML file that\n"
        "--config names, and so can the others. The command line wins over the environment, the\n"
        "environment over the file.",
        "--server は環境変数 TCRP_SERVER、または --config の TOML ファイルの server でも設定できます。\n"
        "他も同様です。コマンドライン、環境変数、ファイルの順に優先されます。",
    ),
    "about_exit_codes": ("Exit codes:", "終了コード:"),
    "exit_done": ("you left, or the room was closed", "退出したか、ルームが閉じられました"),
    "exit_output": ("the output cannot be written", "出力に書き込めません"),
    "exit_usage": ("wrong options or settings", "オプションまたは設定に誤りがあります"),
    "exit_refused": ("the server refused", "サーバーに拒否されました"),
    "exit_no_server": (
        "the server cannot be reached, or broke the protocol",
        "サーバーに接続できないか、応答がプロトコルに合いません",
    ),
    "exit_silent": (
        "no answer over UDP, or the server is gone",
        "UDP の応答がないか、サーバーがいなくなりました",
    ),
    "exit_removed": ("the server removed you from the room", "サーバーによりルームから外されました"),
    "exit_interrupted": ("interrupted", "中断されました"),
}


class Texts:
    """The catalogue in one language, a member of LANGUAGES."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, sentence: str, **values: object) -> str:
        """The sentence of that id with its placeholders filled; "\\n" separates its lines."""
        shown = {name: displayable(str(value)) for name, value in values.items()}
        return CATALOGUE[sentence][self._column].format(**shown)
