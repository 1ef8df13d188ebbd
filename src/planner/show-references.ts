// A plan as it is shown: in place of values that come from references, it has the references, such as `${env:SHOP_HOST}`.

import type { Change, FieldChange } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Hazard, Plan, PlannedChange, Replacement, Step } from '../core/plan.ts'
import { escapePattern, type ResolvedReference, redact, wholeWord, withReference } from '../core/redaction.ts'
import { Secret } from '../core/secret.ts'
import { literal, type Statement, trusted } from '../core/sql.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { record } from '../kinds/facets/options.ts'
import { kindOf } from '../kinds/registry.ts'
import type { PlanInHand } from './plan-in-hand.ts'

/** A text in a declaration that comes from references. */
interface Referenced {
  readonly path: readonly string[]
  readonly value: string
  readonly reference: string
}

/** The result is only for display: an apply needs the values. */
export function showReferences({ plan, declared, withReferences, references, salt }: PlanInHand): Plan {
  const specs = new Map(declared.map(({ id, spec }) => [keyOf(id), spec]))
  const referenced = new Map(
    Array.from(withReferences, ([key, spec]) => [key, differingTexts(specs.get(key), spec, [])] as const),
  )
  return {
    ...plan,
    manifest: withReference(plan.manifest, references),
    changes: plan.changes.map((planned) => ({
      ...shownChange(planned, referenced.get(planned.change.key) ?? [], salt),
      hazards: shownHazards(planned.hazards, references),
    })),
    steps: plan.steps.map((step) => ({
      ...shownStep(step, referenced),
      hazards: shownHazards(step.hazards, references),
    })),
  }
}

/** Hazards name types, for example, which can come from references of another object. */
function shownHazards(hazards: readonly Hazard[], references: readonly ResolvedReference[]): readonly Hazard[] {
  return hazards.map((hazard) => ({ ...hazard, detail: redact(hazard.detail, references) }))
}

/** Both come from the same declaration, so they differ only in texts. Neither contains secrets. */
function differingTexts(spec: unknown, shown: unknown, path: readonly string[]): readonly Referenced[] {
  if (typeof spec === 'string' && typeof shown === 'string') {
    return spec === shown ? [] : [{ path, value: spec, reference: shown }]
  }
  if (!isMap(spec) || !isMap(shown)) return []
  return Object.entries(spec).flatMap(([key, part]) =>
    Object.hasOwn(shown, key) ? differingTexts(part, shown[key], [...path, key]) : [],
  )
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Secret)
}

function shownChange(planned: PlannedChange, referenced: readonly Referenced[], salt: string): PlannedChange {
  const { change } = planned
  if (referenced.length === 0 || !('to' in change)) return planned
  const { display } = kindOf(change.to.id)
  const declared = withTexts(change.to.declared, referenced)
  return {
    ...planned,
    change: 'fields' in change ? { ...change, fields: shownFields(change, referenced, salt) } : change,
    summary: planned.summary === '' ? '' : (display?.summary?.(declared) ?? ''),
    details: change.op === 'create' ? (display?.details?.(declared) ?? []) : planned.details,
  }
}

/** Compares once more, with references in place of values on both sides. */
function shownFields(
  { to, from, fields }: Extract<Change, { readonly fields: readonly FieldChange[] }>,
  referenced: readonly Referenced[],
  salt: string,
): readonly FieldChange[] {
  if (from.currentId) return fields
  const declared = withTexts(to.declared, referenced)
  const compared = kindOf(to.id).compare(to.id, withTexts(from.spec, referenced), withTexts(to.spec, referenced), {
    declared,
    last: undefined,
    digests: createRunDigests(salt),
  })
  const byName = new Map(compared.map((field) => [field.field, field]))
  return fields.map((field) => {
    const shown = byName.get(field.field)
    return shown ? { ...field, from: shown.from, to: shown.to } : field
  })
}

/** A spec that was read back has the server's text of a query or expression, of which the value is only a part. */
function withTexts(spec: unknown, referenced: readonly Referenced[]): unknown {
  return referenced.reduce((edited, each) => withText(edited, each.path, each), spec)
}

function withText(spec: unknown, [key, ...rest]: readonly string[], referenced: Referenced): unknown {
  if (key === undefined) return typeof spec === 'string' ? shownText(spec, referenced) : spec
  if (!isMap(spec) || !Object.hasOwn(spec, key)) return spec
  if (Array.isArray(spec)) return spec.map((part, at) => (String(at) === key ? withText(part, rest, referenced) : part))
  return record(
    Object.entries(spec).map(([name, part]) => [name, name === key ? withText(part, rest, referenced) : part]),
  )
}

function shownText(text: string, referenced: Omit<Referenced, 'path'>): string {
  const { value, reference } = referenced
  if (text === value) return reference
  return [...(value.length < 3 ? [] : [{ value, reference }]), ...partsOf(referenced)].reduce(
    (shown, part) => shown.replace(new RegExp(wholeWord(part.value), 'gu'), () => part.reference),
    text,
  )
}

/**
 * The references in a text with their values, if the text around them shows where these are. A short value could be anything else.
 */
function partsOf({ value, reference }: Omit<Referenced, 'path'>): readonly Omit<Referenced, 'path'>[] {
  if (reference.length > longestPattern) return []
  const pieces = reference.split(/(\$\{[^}]*\})/)
  const pattern = pieces.map((piece, at) => (at % 2 === 1 ? '([\\s\\S]*)' : escapePattern(piece))).join('')
  const values = new RegExp(`^${pattern}$`, 'u').exec(value)?.slice(1) ?? []
  const isOnlyOfReferences = (part: string) =>
    value.match(new RegExp(wholeWord(part), 'gu'))?.length === values.filter((each) => each === part).length
  return values.flatMap((part, at) => {
    if (part === '' || (part.length < 3 && !isOnlyOfReferences(part))) return []
    const [before = '', own = '', after = ''] = pieces.slice(2 * at, 2 * at + 3)
    const [start = ''] = /[\p{L}\p{N}_]*$/u.exec(before.slice(-nameLength)) ?? []
    const [end = ''] = /^[\p{L}\p{N}_]*/u.exec(after) ?? []
    return [{ value: `${start}${part}${end}`, reference: `${start}${own}${end}` }]
  })
}

/** The longest text that becomes a regular expression. */
const longestPattern = 10_000

/** PostgreSQL's limit for the length of a name. */
const nameLength = 63

function shownStep(step: Step, referenced: ReadonlyMap<Key, readonly Referenced[]>): Step {
  if (step.action !== 'replace')
    return { ...step, statements: shownStatements(step.statements, referenced.get(step.key)) }
  return { ...step, members: step.members.map((member) => shownMember(member, referenced.get(member.key))) }
}

function shownMember(member: Replacement, referenced: readonly Referenced[] | undefined): Replacement {
  const shown = (statements: readonly Statement[]) => shownStatements(statements, referenced)
  return {
    ...member,
    statements: shown(member.statements),
    load: shown(member.load),
    children: shown(member.children),
    swap: { out: shown(member.swap.out), in: shown(member.swap.in) },
  }
}

function shownStatements(
  statements: readonly Statement[],
  referenced: readonly Referenced[] = [],
): readonly Statement[] {
  return statements.map((statement) => ({
    ...statement,
    sql: trusted(referenced.reduce((text, each) => shownSql(text, each), String(statement.sql))),
  }))
}

/** A value is a constant or a fragment of SQL. Options and comments are constants, which could equal the name of an object. */
function shownSql(text: string, referenced: Referenced): string {
  const { path, value, reference } = referenced
  const withConstants = text.replaceAll(literal(value), () => literal(reference))
  const isConstant = withConstants !== text || path.includes('options') || path.at(-1) === 'comment'
  return isConstant ? withConstants : shownText(text, referenced)
}
