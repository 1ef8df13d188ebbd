UPDATE fdwsync.policy SET max_age = '5 days' WHERE address = '["refreshPolicy","shop","by_hand"]';
