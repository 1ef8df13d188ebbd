// What it means if a trial read fails before a plan is applied, and for which object that is reported.

import type { ProblemCode } from '../../core/codes.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { ident } from '../../core/sql.ts'
import { DeadlineError } from '../../db/cancellation.ts'
import { type DatabaseError, isDatabaseError } from '../../db/database-error.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { Reason } from '../reasons.ts'
import { explainSourceError, isMissingMapping, isOfConnecting, type SourceErrorKind } from '../source-error.ts'
import type { RoleReads, TableRead } from './reads-to-try.ts'

export interface FailedRead {
  readonly server: string
  readonly role: RoleReads
  readonly table: TableRead
}

/** Whether the role can read nothing else from the server either. */
export function endsRole(error: unknown): boolean {
  return (
    error instanceof DeadlineError || (isDatabaseError(error) && (isOfConnecting(error) || isMissingMapping(error)))
  )
}

/** Whether no other role can read from the server either. */
export function endsServer(error: unknown): boolean {
  return endsRole(error) && ['unreachable', 'busy'].includes(kindOfConnectionError(error))
}

export function faultsOfRead({ server, role, table }: FailedRead, error: unknown, reason: Reason): readonly Warning[] {
  if (isDatabaseError(error) && isMissingMapping(error)) {
    return role.views.map((view) => missingMapping(view, server, role, reason))
  }
  if (endsRole(error)) return [connectionFault(server, role, kindOfConnectionError(error), reason)]
  if (isDatabaseError(error) && hasNoHandler(error) && role.views.length === 0) return []
  const code = isDatabaseError(error) && notFound.has(error.sqlstate) ? 'source/not-found' : 'source/rejected'
  return [refusing(code, table.id, { ...reason, reason: `it cannot be read: ${reason.reason}` })]
}

/** A wrapper need not have a handler. Its tables can be declared but not read. */
function hasNoHandler({ sqlstate, message }: DatabaseError): boolean {
  return sqlstate === '55000' && message.includes('has no handler')
}

/** The SQLSTATEs of a table, a column or a schema that the source does not have. */
const notFound: ReadonlySet<string> = new Set(['42P01', '42703', '3F000'])

export function wrongType({ id, spec }: TableRead, column: string): Warning {
  return refusing('source/wrong-type', id, {
    reason: `column ${ident(column)} cannot be read as ${spec.columns[column]?.type}: the source has another type of value`,
    hint: 'Compare the columns with those of the source: plan --check-source.',
  })
}

/** The warning for an object of which it is unknown whether it can be read. The plan can still be applied. */
export function notTried(id: ObjectId, { reason, hint }: Reason): Warning {
  return warning('source/not-tried', id, { reason: `it is unknown whether its source can be read: ${reason}`, hint })
}

function missingMapping(view: Key, server: string, { role }: RoleReads, { hint }: Reason): Warning {
  const reason = `it reads from server ${ident(server)} as ${ident(role)}, which has no user mapping there`
  return refusing('source/rejected', idOf(view), { reason, hint })
}

function kindOfConnectionError(error: unknown): SourceErrorKind {
  return isDatabaseError(error) ? explainSourceError(error).kind : 'unreachable'
}

function connectionFault(
  server: string,
  { tables }: RoleReads,
  kind: SourceErrorKind,
  { reason, hint }: Reason,
): Warning {
  const id = { kind: 'server', name: server } as const
  switch (kind) {
    case 'unreachable': {
      const found = { reason: `its source cannot be reached: ${reason}`, hint }
      // For a new view over an existing table, it is enough that the source answers when the view is loaded.
      return tables.some(({ isChanged }) => isChanged)
        ? refusing('source/unreachable', id, found)
        : warning('source/unreachable', id, found)
    }
    case 'busy':
      return warning('source/busy', id, { reason: `its source accepts no more connections: ${reason}`, hint })
    case 'rejected':
    case 'other':
      return refusing('source/rejected', id, { reason: `its source refuses the connection: ${reason}`, hint })
  }
}

function refusing(code: ProblemCode, id: ObjectId | undefined, reason: Reason): Warning {
  return { ...warning(code, id, reason), refusesApply: true }
}

function warning(code: ProblemCode, id: ObjectId | undefined, { reason, hint }: Reason): Warning {
  const about = id && { key: keyOf(id), title: titleOf(id) }
  return { code, message: about ? `${about.title}: ${reason}` : reason, ...(hint ? { hint } : {}), ...about }
}
