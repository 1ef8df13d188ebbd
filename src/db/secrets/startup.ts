import type { Secret } from '../../core/secret.ts'
import { literal, type Sql, sql } from '../../core/sql.ts'
import type { Wire } from '../wire.ts'
import { blockFor, type Carrier } from './carrier.ts'

/** Secrets as custom settings in the startup packet, which no log shows. */
export interface StartupSecrets {
  /** Command-line options for the server's process, those of the connection's settings first. */
  readonly options: string
  readonly names: ReadonlyMap<Secret, string>
}

/** The server resets a packet of more than 10,000 bytes; user, database and the rest take some, and poolers allow less. */
const maximumOptionsBytes = 7500

/**
 * The options that carry the secrets, or `undefined` if these cannot go that way: too long together, or not ASCII. The
 * server takes the packet's bytes as they are, so in a database of another encoding than UTF-8 the value would be
 * another one; and whether such a byte is white space to it depends on its locale and its C library.
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

/** The server splits the options at white space; a backslash takes the next character literally. */
function escapeOption(value: string): string {
  return value.replaceAll(/[\\\s]/g, '\\$&')
}

/** Whether all of them arrived whole: a pooler may be set to drop the options without a word. */
export async function allArrived(wire: Wire, { names }: StartupSecrets): Promise<boolean> {
  const lengths = await wire.send(
    sql`SELECT pg_catalog.octet_length(pg_catalog.current_setting(name, true)) AS length
      FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS names (name, position) ORDER BY position`,
    [[...names.values()]],
  )
  const expected = [...names.keys()].map((secret) => ({ length: Buffer.byteLength(secret.reveal()) }))
  return JSON.stringify(lengths) === JSON.stringify(expected)
}

/** The SQL of a custom setting's value. Fails on the server if there is no such setting. */
export function settingValue(name: string): Sql {
  return sql`pg_catalog.current_setting(${literal(name)})`
}

export function startupCarrier({ names }: StartupSecrets): Carrier {
  const expressions = new Map([...names].map(([secret, name]) => [secret, settingValue(name)]))
  return async (wire, statement) => {
    await wire.send(blockFor(statement, expressions))
  }
}
