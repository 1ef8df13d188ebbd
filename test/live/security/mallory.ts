// Mallory: a role that may create in the schemas `public` and `px`, and plants code there for names to find. Every function of
// hers advances a sequence, which no rollback takes back.

import { runSql } from '../../servers/databases.ts'

/** Roles are those of the whole server, so this one is created by whichever test comes first. */
export const mallory = 'mallory_plants'

export const preparation = `
  CREATE EXTENSION postgres_fdw SCHEMA public;
  CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
  DO $$ BEGIN CREATE ROLE ${mallory}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  CREATE SCHEMA px;
  CREATE TABLE px.customers (id int, name varchar(50), note text, total numeric, day date);
  CREATE TABLE px.orders (id int, name varchar(50), note text, total numeric);
  INSERT INTO px.customers VALUES (1, 'Ann', 'x', 2, '2026-01-01'), (2, 'Bob', 'y', 3, '2026-01-02');
  INSERT INTO px.orders VALUES (1, 'Ann', 'x', 2), (2, 'Bob', 'y', 3)`

export async function letMalloryIn(url: string): Promise<void> {
  await runSql(
    url,
    `GRANT CREATE, USAGE ON SCHEMA public, px TO ${mallory};
     CREATE SCHEMA m AUTHORIZATION ${mallory};
     SET ROLE ${mallory};
     CREATE SEQUENCE m.hits;
     CREATE FUNCTION m.hit() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('m.hits') $$`,
  )
}

export async function throwMalloryOut(url: string): Promise<void> {
  await runSql(url, `DROP OWNED BY ${mallory} CASCADE`)
}

export async function asMallory(url: string, sql: string): Promise<void> {
  await runSql(url, `SET ROLE ${mallory}; ${sql}`)
}

/** Whether any code of hers has run. */
export async function hasRun(url: string): Promise<boolean> {
  const [row] = await runSql(url, 'SELECT is_called FROM m.hits')
  return row?.is_called === true
}

/** A function that counts its calls and returns something. */
export function planted(signature: string, returns: string, result: string): string {
  return `CREATE FUNCTION public.${signature} RETURNS ${returns} LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM m.hit(); RETURN ${result}; END $$`
}

export function plantedOperator(name: string, type: string, returns = 'boolean', result = 'true'): string {
  return `${planted(`planted(${type}, ${type})`, returns, result)};
    CREATE OPERATOR public.${name} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = public.planted)`
}

export const plantedLower = planted('lower(varchar)', 'text', "'evil'")
