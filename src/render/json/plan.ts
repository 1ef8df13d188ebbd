// A plan as a JSON document.

import type { FieldChange, Replace } from '../../core/change.ts'
import { countsOf } from '../../core/counts.ts'
import type { Plan, PlannedChange, Predecessor, Replacement, Step } from '../../core/plan.ts'
import type { SourceReport } from '../../core/source.ts'
import type { Statement } from '../../core/sql.ts'
import { addressOf, placeJson, warningJson, withAddress } from './address.ts'
import type {
  ChangeDocument,
  FieldDocument,
  PlanDocument,
  PredecessorDocument,
  ReplacementDocument,
  SourceDocument,
  StatementDocument,
  StepDocument,
} from './documents.ts'

/** Contains no secret: a statement with secrets is shown as a template. */
export function planJson(plan: Plan): PlanDocument {
  const { manifest, searchPath, database, fingerprint, refusals, undetermined, warnings, unchanged } = plan
  return {
    format: 'fdwsync.plan/1',
    manifest,
    searchPath,
    database,
    fingerprint,
    summary: { ...countsOf(plan), unchanged },
    ...(plan.leftOut === undefined ? {} : { leftOut: plan.leftOut }),
    changes: plan.changes.map(changeJson),
    steps: plan.steps.map(stepJson),
    refusals: refusals.map(withAddress),
    undetermined: undetermined.map(withAddress),
    warnings: warnings.map(({ message }) => message),
    warningDetails: warnings.map(warningJson),
    ...(plan.source ? { source: sourceJson(plan.source) } : {}),
  }
}

function sourceJson({ servers, findings }: SourceReport): SourceDocument {
  return {
    servers: servers.map(({ name, reachable }) => ({ name, reachable: reachable ?? null })),
    findings: findings.map(({ key, title, finding, column, here, there, readsFail, message }) => ({
      address: addressOf(key),
      title,
      finding,
      column: column ?? null,
      here: here ?? null,
      there: there ?? null,
      readsFail,
      message,
    })),
  }
}

function changeJson({
  change,
  title,
  cause,
  causes,
  because,
  takenFrom,
  hazards,
  summary,
  details,
  ...more
}: PlannedChange): ChangeDocument {
  return {
    op: change.op,
    address: addressOf(change.key),
    title,
    cause: cause ?? null,
    ...(causes ? { causes } : {}),
    ...(cause === 'dependency' ? { causedBy: because } : {}),
    ...('fields' in change ? { fields: change.fields.map(fieldJson) } : {}),
    ...(change.op === 'release' ? { because: change.because } : {}),
    ...(takenFrom.length > 0 ? { takenFrom } : {}),
    ...(change.op === 'replace' && change.isUnmanaged ? { isOfOthers: true } : {}),
    ...(change.op === 'replace' ? { online: more.beside } : {}),
    ...(change.op === 'create' && change.renamesAside ? { renamesAside: true } : {}),
    ...('fields' in change && change.from.isRenamedByManifest ? { renamedByManifest: true } : {}),
    ...(change.op === 'drop' && change.dropped ? { dropped: change.dropped } : {}),
    ...(change.op === 'drop' && change.formerly ? { formerly: change.formerly.id } : {}),
    ...(change.op === 'drop' && change.renamedAsideFor ? setAsideJson(change.renamedAsideFor) : {}),
    ...(more.predecessor ? { predecessor: predecessorJson(more.predecessor) } : {}),
    ...(summary === '' ? {} : { summary }),
    ...(details.length > 0 ? { details } : {}),
    ...placeJson(more.place),
    hazards,
  }
}

function predecessorJson({ loses, ...predecessor }: Predecessor): PredecessorDocument {
  return { ...predecessor, loses: loses.map(({ title, reason }) => ({ object: title, reason })) }
}

function setAsideJson({ to, fields, keptAs }: Replace): Pick<ChangeDocument, 'setAsideFor' | 'keptAs' | 'fields'> {
  return { setAsideFor: to.id, ...(keptAs ? { keptAs } : {}), fields: fields.map(fieldJson) }
}

function fieldJson({ field, from, to, effect, cause, causes, outdates, readsEmpty }: FieldChange): FieldDocument {
  const how = effect.how === 'clause' || effect.how === 'statement' ? 'alter' : effect.how
  const why = { cause: cause ?? null, ...(causes ? { causes } : {}) }
  const marks = { ...(outdates ? { outdates } : {}), ...(readsEmpty ? { readsEmpty } : {}) }
  return { field, from: from ?? null, to: to ?? null, effect: how, ...why, ...marks }
}

function stepJson(step: Step): StepDocument {
  const { stage, action, key, title, after, id } = step
  return {
    id,
    stage,
    action,
    address: addressOf(key),
    title,
    after,
    ...(step.last ? { last: true } : {}),
    ...(step.action === 'replace'
      ? { members: step.members.map(memberJson) }
      : {
          ...(step.database === undefined ? {} : { database: step.database }),
          statements: step.statements.map(statementJson),
        }),
  }
}

function memberJson({ key, title, statements, load, children, swap }: Replacement): ReplacementDocument {
  return {
    address: addressOf(key),
    title,
    statements: statements.map(statementJson),
    load: load.map(statementJson),
    parts: children.map(statementJson),
    swap: { out: swap.out.map(statementJson), in: swap.in.map(statementJson) },
  }
}

function statementJson({ sql, secrets, isResolved, isInSubtransaction }: Statement): StatementDocument {
  return {
    sql,
    secrets: secrets.length,
    ...(isResolved ? { isResolved } : {}),
    ...(isInSubtransaction ? { isInSubtransaction } : {}),
  }
}
