// Sends secrets as custom settings in the startup packet, which no log shows.

import type { Secret } from '../../core/secret.ts'
import { literal, type Sql, sql } from '../../core/sql.ts'
import type { Wire } from '../wire.ts'
import { blockFor, type Carrier } from './carrier.ts'

export interface StartupSecrets {
  /** Command-line options for the server process, including those of the connection settings. */
  readonly options: string
  readonly names: ReadonlyMap<Secret, string>
}

/** The server rejects a packet of more than 10,000 bytes, which includes user and database. Poolers allow less. */
const maximumOptionsBytes = 7500

/**
 * The options that carry the secrets. Undefined if the secrets are too long or not ASCII: the server does not convert the
 * packet to the encoding of the database, and its locale decides which non-ASCII bytes are white space.
 */
export function startupSecrets(
  secrets: readonly Secret[],
  options: string | undefined,
  suffix: string,
): StartupSecrets | undefined {
  const names = new Map(secrets.map((secret, index) => [secret, `fdwsync.s${index + 1}_${suffix}`]))
  const secretOptions = [...names].map(([secret, name]) => `-c ${name}=${escapeOption(secret.reveal())}`)
  const joined = [...(options === undefined ? [] : [options]), ...secretOptions].join(' ')
  const ascii = Buffer.byteLength(joined) === joined.length
  return ascii && joined.length <= maximumOptionsBytes ? { options: joined, names } : undefined
}

/** The server splits the options at white space. A backslash escapes the next character. */
function escapeOption(value: string): string {
  return value.replaceAll(/[\\\s]/g, '\\$&')
}

/** Whether all secrets arrived complete: a pooler may be configured to drop the options silently. */
export async function allArrived(wire: Wire, { names }: StartupSecrets): Promise<boolean> {
  const { rows: lengths } = await wire.send(
    sql`SELECT pg_catalog.octet_length(pg_catalog.current_setting(name, true)) AS length
      FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS names (name, position) ORDER BY position`,
    [[...names.values()]],
  )
  const expected = [...names.keys()].map((secret) => ({ length: Buffer.byteLength(secret.reveal()) }))
  return JSON.stringify(lengths) === JSON.stringify(expected)
}

/** The value of a custom setting, as SQL. It fails on the server if the setting does not exist. */
export function settingValue(name: string): Sql {
  return sql`pg_catalog.current_setting(${literal(name)})`
}

export function startupCarrier({ names }: StartupSecrets): Carrier {
  const expressions = new Map([...names].map(([secret, name]) => [secret, settingValue(name)]))
  return async (wire, statement) => {
    await wire.send(blockFor(statement, expressions))
  }
}
