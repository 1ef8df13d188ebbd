ALTER SERVER "left" RENAME TO middle; ALTER SERVER "right" RENAME TO "left"; ALTER SERVER middle RENAME TO "right";
