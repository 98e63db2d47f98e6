"""How it is done here: database, keys, files and formats behind the ports of `application`."""
