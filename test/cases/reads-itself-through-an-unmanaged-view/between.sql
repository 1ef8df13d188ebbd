CREATE VIEW mv.through AS SELECT id FROM mv.base;
