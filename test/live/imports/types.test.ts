import { describe, expect, test } from 'vitest'
import { mixedPairs, pairs, type ServerPair } from '../../servers/databases.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { changesOf, missedOf, runSql } from '../apply/rig.ts'
import { importing, mirroring, rigWithSource, rowsOf } from './setting.ts'

const varied = `
  CREATE SCHEMA "Other Types";
  CREATE TYPE "Other Types"."Moo""d" AS ENUM ('sad', 'it''s', 'Ok');
  CREATE TYPE colour AS ENUM ('red', 'green');
  CREATE DOMAIN zip AS varchar(5) COLLATE "C" DEFAULT '00000' NOT NULL CHECK (VALUE ~ '^[0-9]{5}$') CONSTRAINT "odd ""name""" CHECK (VALUE <> 'it''s');
  CREATE DOMAIN fine AS colour DEFAULT 'red' CHECK (VALUE <> 'green');
  CREATE DOMAIN amounts AS numeric(10,2)[];
  CREATE TYPE inner_part AS (fine fine, moods "Other Types"."Moo""d"[], at timestamptz(3), name text COLLATE "C");
  CREATE TYPE a_whole AS (part inner_part, "Odd Name" zip, amounts amounts);
  CREATE DOMAIN known_whole AS a_whole CHECK ((VALUE)."Odd Name" IS NOT NULL);
  CREATE TABLE a (id int PRIMARY KEY, mood "Other Types"."Moo""d" DEFAULT 'sad', moods "Other Types"."Moo""d"[], zip zip);
  CREATE TABLE b (id int PRIMARY KEY, whole known_whole, parts inner_part[], amounts amounts);
  CREATE INDEX a_mood_idx ON a (mood) WHERE mood <> 'Ok';
  INSERT INTO a VALUES (1, 'sad', '{sad,Ok}', '12345'), (2, 'Ok', NULL, '00000');
  INSERT INTO b VALUES (1, ROW(ROW('red', '{sad}', '2025-01-01 00:00Z', 'n'), '12345', '{1.5}'), NULL, '{2.25}')`

const copying = (more = '') => mirroring(`types: copy\n${more}`)

const typesHere = `SELECT n.nspname || '.' || t.typname || ' ' || t.typtype::text AS text FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE (t.typtype IN ('e', 'd') OR c.relkind = 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'fdwsync') ORDER BY 1`

const values = (type: string) =>
  `SELECT array_agg(enumlabel::text ORDER BY enumsortorder) AS values FROM pg_enum WHERE enumtypid = '${type}'::regtype`

describe.each([...pairs(), ...mixedPairs()])('PostgreSQL $name', (pair: ServerPair) => {
  test('all types that columns use are made, in the order of need, and then there is nothing to do', async () => {
    const rig = await rigWithSource(pair, varied)
    const parsed = await rig.manifest(copying('options: { import_default: true }'))
    const { plan, report } = await applyTo(parsed, rig.url)
    expect({ undetermined: plan.undetermined, warnings: plan.warnings, missed: missedOf(report) }).toEqual({
      undetermined: [],
      warnings: [],
      missed: [],
    })
    expect(await rig.sql(typesHere)).toEqual(await runSql(rig.source.url, typesHere))
    expect(await rowsOf(rig.url, 'local', ['a', 'b'])).toEqual(await rowsOf(rig.source.url, 'public', ['a', 'b']))
    expect(
      await rig.sql(
        `SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE contype = 'c' AND contypid <> 0 ORDER BY 1`,
      ),
    ).toEqual(
      expect.arrayContaining([
        { name: 'fine_check', text: "CHECK ((VALUE <> 'green'::colour))" },
        { name: 'odd "name"', text: expect.stringContaining("'it''s'") },
      ]),
    )
    expect(await rig.sql(`SELECT typdefault, typnotnull FROM pg_type WHERE typname = 'zip'`)).toEqual([
      { typdefault: "'00000'::character varying", typnotnull: true },
    ])
    const again = await planFor(parsed, rig.url)
    expect({ changes: changesOf(again), undetermined: again.undetermined }).toEqual({ changes: [], undetermined: [] })
  })
})
