// Sends secrets by COPY into a temporary table, where the startup packet cannot carry them.

import { FdwsyncError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { ident, number, type Sql, type Statement, sql } from '../../core/sql.ts'
import { isDatabaseError } from '../database-error.ts'
import type { Wire } from '../wire.ts'
import { blockFor, type Carrier } from './carrier.ts'

/**
 * No log shows the data of a COPY. The table is dropped at the end of the statement's transaction, so nothing remains on a
 * connection that a pooler assigns to another client.
 */
export function copyCarrier(secrets: readonly Secret[], suffix: string): Carrier {
  const table = tableOf(suffix)
  const data = binaryCopy(secrets)
  const expressions = new Map(secrets.map((secret, index) => [secret, rowValue(table, index)]))

  async function execute(wire: Wire, block: Sql): Promise<void> {
    // Checked each time: a rollback, for instance to a savepoint, drops the table.
    const { rows } = await wire.send(sql`SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid`, [table])
    const [found] = rows
    if (!isObject(found) || found.oid === null) {
      await wire
        .send(sql`CREATE TABLE ${table} (id pg_catalog.int4, value pg_catalog.bytea) ON COMMIT DROP`)
        .catch(explain)
      await wire.copyIn(sql`COPY ${table} FROM STDIN (FORMAT binary)`, data)
    }
    await wire.send(block)
  }

  return async (wire, statement) => {
    const block = blockFor(statement, expressions)
    if (wire.transactionStatus() !== 'I') return execute(wire, block)
    await wire.send(sql`BEGIN`)
    try {
      await execute(wire, block)
      await wire.send(sql`COMMIT`)
    } catch (error) {
      // The first error is the one that matters.
      await wire.send(sql`ROLLBACK`).catch(() => {})
      throw error
    }
  }
}

/** Sends the secrets of one statement alone, and removes them afterwards. It must run in a transaction. */
export async function executeWithCopy(wire: Wire, statement: Statement, suffix: string): Promise<void> {
  await copyCarrier(statement.secrets, suffix)(wire, statement)
  await wire.send(sql`DROP TABLE ${tableOf(suffix)}`)
}

function tableOf(suffix: string): Sql {
  return sql`pg_temp.${ident(`fdwsync_secrets_${suffix}`)}`
}

/** Every role may create temporary tables by default, but the privilege can be revoked. */
function explain(error: unknown): never {
  if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
  throw new FdwsyncError({
    code: 'secret/unusable',
    message: `the manifest's secrets must be sent through a temporary table, which cannot be created: ${error.message}`,
    hint: 'Grant the role TEMPORARY on the database. Up to 7 kB of ASCII need no table if no pooler is in between.',
  })
}

/** Stored as UTF-8 and decoded on the server, so that it is correct in a database of any encoding. */
function rowValue(table: Sql, id: number): Sql {
  return sql`(SELECT pg_catalog.convert_from(stored.value, 'UTF8') FROM ${table} AS stored
      WHERE stored.id OPERATOR(pg_catalog.=) ${number(id)})`
}

/** In the binary format: the CONTEXT of an error in the text format quotes the line. */
function binaryCopy(secrets: readonly Secret[]): Buffer {
  const parts = [Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), integer(0), integer(0)]
  for (const [id, secret] of secrets.entries()) {
    const value = Buffer.from(secret.reveal(), 'utf8')
    parts.push(Buffer.from([0, 2]), integer(4), integer(id), integer(value.length), value)
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xff])])
}

function integer(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

function isObject(value: unknown): value is { readonly oid?: unknown } {
  return typeof value === 'object' && value !== null
}
