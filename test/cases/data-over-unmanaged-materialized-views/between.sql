CREATE MATERIALIZED VIEW mv.theirs AS SELECT id FROM mv.base;
CREATE MATERIALIZED VIEW mv.theirs_too AS SELECT id FROM mv.theirs; CREATE VIEW mv.through AS SELECT id FROM mv.theirs;
CREATE MATERIALIZED VIEW mv."over" AS SELECT id FROM mv.theirs_too; CREATE MATERIALIZED VIEW mv.over_view AS SELECT id FROM mv.through;
