// A plan from its JSON document, to be shown in another format. Nothing can be applied with it: it has neither specs nor secrets.

import type { Change, FieldChange, LiveObject, Replace, WantedObject } from '../../core/change.ts'
import type { LostAttachment } from '../../core/dependent.ts'
import type { Place } from '../../core/errors.ts'
import { type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { Plan, PlannedChange, Replacement, Step, Warning } from '../../core/plan.ts'
import { Secret, secretText } from '../../core/secret.ts'
import { type Statement, trusted } from '../../core/sql.ts'
import type {
  ChangeDocument,
  FieldDocument,
  PlaceDocument,
  PlanDocument,
  ReplacementDocument,
  StatementDocument,
  StepDocument,
  WarningDocument,
} from './documents.ts'

export function planOfDocument(document: PlanDocument): Plan {
  const { manifest, searchPath, database, fingerprint, summary, leftOut, source } = document
  return {
    manifest,
    searchPath,
    database,
    fingerprint,
    changes: document.changes.map(plannedOf),
    steps: document.steps.map(stepOf),
    refusals: document.refusals.map(withKey),
    undetermined: document.undetermined.map(withKey),
    warnings: document.warningDetails.map(warningOf),
    unchanged: summary.unchanged,
    ...(leftOut === undefined ? {} : { leftOut }),
    ...(source ? { source: sourceOf(source) } : {}),
  }
}

function sourceOf({ servers, findings }: NonNullable<PlanDocument['source']>): NonNullable<Plan['source']> {
  return {
    servers: servers.map(({ name, reachable }) => ({ name, reachable: reachable ?? undefined })),
    findings: findings.map(({ column, here, there, ...finding }) => ({
      ...withKey(finding),
      column: column ?? undefined,
      here: here ?? undefined,
      there: there ?? undefined,
    })),
  }
}

/** An object without an address is of a kind that the release which wrote the document did not know either. */
const keyOfAddress = (address: ObjectId | null): Key => keyOf(address ?? { kind: 'schema', name: '' })

function withKey<Item extends { readonly address: ObjectId | null; readonly place?: PlaceDocument }>({
  address,
  place,
  ...rest
}: Item): Omit<Item, 'address' | 'place'> & { readonly key: Key; readonly place?: Place } {
  return { ...rest, key: keyOfAddress(address), ...placeOf(place) }
}

function placeOf(place: PlaceDocument | undefined): { readonly place?: Place } {
  return place ? { place: { ...place, excerpt: '' } } : {}
}

function warningOf({ code, message, hint, address, title, place, refusesApply, reported }: WarningDocument): Warning {
  return {
    code,
    message,
    ...(hint === null ? {} : { hint }),
    ...(address ? { key: keyOf(address) } : {}),
    ...(title === undefined ? {} : { title }),
    ...placeOf(place),
    ...(refusesApply ? { refusesApply } : {}),
    ...(reported ? { isReported: reported } : {}),
  }
}

function plannedOf(document: ChangeDocument): PlannedChange {
  const { title, cause, causes, causedBy, takenFrom, hazards, summary, details, online, predecessor } = document
  return {
    change: changeOf(document),
    title,
    summary: summary ?? '',
    details: details ?? [],
    hazards,
    beside: online ?? false,
    cause: cause ?? undefined,
    ...(causes ? { causes } : {}),
    because: causedBy ?? [],
    takenFrom: takenFrom ?? [],
    ...placeOf(document.place),
    ...(predecessor
      ? {
          predecessor: {
            ...predecessor,
            loses: predecessor.loses.map(({ object, reason }) => lostOf(object, reason)),
          },
        }
      : {}),
  }
}

function lostOf(title: string, reason: string): LostAttachment {
  return {
    title,
    reason,
    of: 0,
    catalog: '',
    oid: 0,
    columns: [],
    isOfChild: false,
    whyLost: null,
    isOverMutable: false,
  }
}

function changeOf(document: ChangeDocument): Change {
  const { op, address, because } = document
  const key = keyOfAddress(address)
  const id = address ?? ({ kind: 'schema', name: '' } as const)
  const from = { ...liveOf(id), ...(document.renamedByManifest ? { isRenamedByManifest: true } : {}) }
  const fields = (document.fields ?? []).map(fieldOf)
  switch (op) {
    case 'create':
      return { op, key, to: wantedOf(id), ...(document.renamesAside ? { renamesAside: replaceOf(id, id, []) } : {}) }
    case 'alter':
      return { op, key, from, to: wantedOf(id), fields }
    case 'replace':
      return { ...replaceOf(id, id, fields), from, how: document.online ? 'beside' : 'drop-and-create' }
    case 'drop':
      return { op, key, from, ...dropOf(document, id, fields) }
    case 'adopt':
      return { op, key, to: wantedOf(id) }
    case 'release':
      return { op, key, because: because ?? '' }
  }
}

function dropOf(
  { setAsideFor, keptAs, formerly, dropped }: ChangeDocument,
  id: ObjectId,
  fields: readonly FieldChange[],
): Pick<Extract<Change, { op: 'drop' }>, 'renamedAsideFor' | 'formerly' | 'dropped'> {
  const aside = setAsideFor && { ...replaceOf(id, setAsideFor, fields), ...(keptAs ? { keptAs } : {}) }
  return {
    ...(aside ? { renamedAsideFor: aside } : {}),
    ...(formerly ? { formerly: { id: formerly, takenBy: keyOf(formerly) } } : {}),
    ...(dropped ? { dropped } : {}),
  }
}

function replaceOf(from: ObjectId, to: ObjectId, fields: readonly FieldChange[]): Replace {
  return { op: 'replace', key: keyOf(to), from: liveOf(from), to: wantedOf(to), fields, how: 'beside' }
}

function liveOf(id: ObjectId): LiveObject {
  return { id, spec: {}, needs: [], oid: 0, catalog: '', digest: null, locked: false }
}

function wantedOf(id: ObjectId): WantedObject {
  return { id, spec: {}, needs: [], declared: {}, written: {} }
}

function fieldOf({ field, from, to, effect, cause, causes, outdates, readsEmpty }: FieldDocument): FieldChange {
  return {
    field,
    from: from ?? undefined,
    to: to ?? undefined,
    effect: effect === 'alter' ? { how: 'clause', clause: [] } : { how: effect },
    ...(cause === null ? {} : { cause }),
    ...(causes ? { causes } : {}),
    ...(outdates ? { outdates } : {}),
    ...(readsEmpty ? { readsEmpty } : {}),
  }
}

function stepOf(document: StepDocument): Step {
  const { id, stage, action, address, title, after, last, database, members = [], statements = [] } = document
  const base = {
    id,
    stage,
    key: keyOfAddress(address),
    title,
    after,
    locks: [],
    hazards: [],
    ...(last ? { last } : {}),
  }
  if (action === 'replace') return { ...base, action, members: members.map(memberOf) }
  return {
    ...base,
    action,
    ...(database === undefined ? {} : { database }),
    statements: statements.map(statementOf),
  }
}

function memberOf({ address, title, statements, load, parts, swap }: ReplacementDocument): Replacement {
  return {
    key: keyOfAddress(address),
    title,
    scratch: undefined,
    path: 'manifest',
    statements: statements.map(statementOf),
    load: load.map(statementOf),
    children: parts.map(statementOf),
    swap: { out: swap.out.map(statementOf), in: swap.in.map(statementOf) },
    repoints: [],
    hazards: [],
  }
}

function statementOf({ sql, secrets, ...more }: StatementDocument): Statement {
  return { ...more, sql: trusted(sql), secrets: Array.from({ length: secrets }, () => new Secret(secretText)) }
}
