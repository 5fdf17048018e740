"""What one address or member may take, and what gives way when there is too little; without input and output."""
