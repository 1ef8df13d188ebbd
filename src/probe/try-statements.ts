// Runs the statements of stand-ins as one batch, and locates errors that the server finds in them. Some names are sent with the
// scratch schema in which the probe has created their object.

import type { SqlPosition } from '../core/finding.ts'
import { join, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'
import { schemaToken } from '../parser/requalify.ts'
import { inScratchSchemas, probePath } from './namesakes.ts'
import type { ProbeRun } from './run.ts'

const batchSeparator = ';\n'

export interface FailedStatements {
  readonly error: DatabaseError
  readonly position: SqlPosition | undefined
}

/** Runs all statements or, if one fails, none of them. */
export async function tryStatements(run: ProbeRun, all: readonly Statement[]): Promise<FailedStatements | undefined> {
  const statements = (await inScratchSchemas(run, all)).map((statement) => statement.sql)
  const sent: readonly Sql[] = [manifestPath(probePath(run)), ...statements, trusted('RELEASE attempt')]
  try {
    await run.session.run(trusted('SAVEPOINT attempt'))
    await run.session.run(join(sent, batchSeparator))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await run.session.run(sql`ROLLBACK TO attempt`)
    const written = [undefined, ...all.map((statement) => statement.sql)]
    return { error, position: positionInBatch(error, sent, written, run.scratchSchema) }
  }
}

/**
 * @param sent the texts of one batch
 * @param written the same texts with names as in the manifest; undefined for texts that do not come from an object
 */
function positionInBatch(
  { position }: Pick<DatabaseError, 'position'>,
  sent: readonly string[],
  written: readonly (string | undefined)[],
  scratchSchema: string,
): SqlPosition | undefined {
  if (position === undefined) return undefined
  // PostgreSQL counts characters, some of which take two UTF-16 units of a string.
  let offset = [...sent.join(batchSeparator)].slice(0, position - 1).join('').length
  for (const [at, text] of sent.entries()) {
    const statement = written[at]
    if (offset <= text.length)
      return statement === undefined
        ? undefined
        : { statement, offset: writtenOffset(text, statement, offset, scratchSchema) }
    offset -= text.length + batchSeparator.length
  }
  return undefined
}

/** Both texts are the same except for the schemas of some names. */
function writtenOffset(sent: string, written: string, offset: number, scratchSchema: string): number {
  let sentAt = 0
  let writtenAt = 0
  for (const { index, 0: name } of sent.matchAll(new RegExp(`${scratchSchema}_\\d+`, 'g'))) {
    if (index >= offset) break
    writtenAt += index - sentAt
    const rest = written.slice(writtenAt)
    writtenAt += rest.startsWith(name) ? name.length : (schemaToken.exec(rest)?.[0].length ?? 0)
    sentAt = index + name.length
  }
  return writtenAt + offset - sentAt
}
