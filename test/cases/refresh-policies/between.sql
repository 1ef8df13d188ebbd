UPDATE fdwsync.policy SET max_age = '5 days' WHERE address = '["materializedView","shop","by_hand"]';
