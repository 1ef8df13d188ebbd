// The function fdwsync.refresh(), by which SQL refreshes a copy: from psql, from functions and from pg_cron. Its body is in body.ts.

import { createHash } from 'node:crypto'
import { join, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import { body } from './body.ts'

/**
 * The settings under which the body is parsed and values of a source are read, whatever those of the session are. The last ones are those
 * under which `skip_if_same` is asked: its answer must not differ between sessions, or from that of the command.
 */
const settings = [
  'search_path=pg_catalog, pg_temp',
  'standard_conforming_strings=on',
  'array_nulls=on',
  'xmloption=content',
  'quote_all_identifiers=off',
  "DateStyle='ISO, MDY'",
  "IntervalStyle='postgres'",
  "TimeZone='UTC'",
  "extra_float_digits='1'",
  "bytea_output='hex'",
  "lc_monetary='C'",
] as const
/** How many of them the functions of older releases have. */
const ofOlderReleases = [1, 5] as const
const signature = 'copy regclass, strategy text DEFAULT NULL::text'

export const createRefreshFunction: Sql = sql`
  CREATE OR REPLACE FUNCTION fdwsync.refresh(copy regclass, strategy text DEFAULT NULL) RETURNS fdwsync.refresh
  LANGUAGE plpgsql SECURITY INVOKER ${trusted(settings.map((setting) => `SET ${setting}`).join(' '))} AS ${literal(body)}`

export const commentOnRefreshFunction: Sql = sql`COMMENT ON FUNCTION fdwsync.refresh(regclass, text) IS ${literal(
  'Refreshes a copy by its policy, and with it the copies of its group, and records that. Returns the row that it has written for the copy.',
)}`

/** The MD5 of the body in this release and in older ones, whose ledgers are read as they are. */
const knownBodies: readonly string[] = [
  createHash('md5').update(body).digest('hex'),
  '8c3967d264fed1241607db65137e0ed4', // version 15 of the ledger
  '36b74658fe9d4ad74dee9b7b4e7e2b00', // versions 16 and 17
  '2d81d0d1380bcd3f46db0d37eb679898', // version 18
  '674af5fca410cb7f116108578320dbbb', // versions 19 and 20
  '469788ec10f0e3cafa1c95c1fc66d74e', // version 21
  '9d8495bfe1beff95245c318d4e6f056f', // version 22
  'f580211ec97928616553a4279cf93346', // version 23
  'af21ec7a41851a6cf507bb2e8cdeee6d', // version 24
  'bf4f352ed1617c3aa8debdb3987f6de2', // version 25
  '4ebfe54d430106369c0c9a7c7bf0af4d', // version 26
  '105666f5734a0b4dba325612223a061a', // version 27
  'f1991f21f92772014901615d6413655e', // version 28
]

/** Whether the function `p` is just as a release of fdwsync has created it. Its owner is checked elsewhere. */
export const isRefreshFunction: Sql = sql`
  (p.proname = 'refresh' AND NOT p.prosecdef AND p.probin IS NULL AND p.proconfig IN (${join([settings.length, ...ofOlderReleases].map(configOf), ', ')})
   AND p.prolang = (SELECT oid FROM pg_catalog.pg_language WHERE lanname = 'plpgsql')
   AND pg_catalog.pg_get_function_arguments(p.oid) = ${literal(signature)}
   AND pg_catalog.md5(p.prosrc) IN (${join(knownBodies.map(literal), ', ')}))`

/** The first settings, as the catalog has them. */
function configOf(count: number): Sql {
  const first = settings.slice(0, count).map((setting) => literal(setting.replaceAll("'", '')))
  return sql`ARRAY[${join(first, ', ')}]`
}

/** FROM and WHERE for the function in the ledger's schema, if it exists. It is found by the index on the name. */
export const refreshFunctions = (schema: 'n.oid' | 'ns.oid'): Sql =>
  trusted(`pg_catalog.pg_proc p WHERE p.proname = 'refresh' AND p.pronamespace = ${schema}`)
