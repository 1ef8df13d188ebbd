// Options of wrappers, servers, mappings, tables and columns: maps of which exactly the differences are altered.
import type { FieldChange } from '../../core/change.ts'
import type { Secret } from '../../core/secret.ts'
import { ident, join, literal, type Parts, type Sql, sql, trusted } from '../../core/sql.ts'

/** The order has no meaning; a value may be any string, also an empty one. */
export type Options = Readonly<Record<string, string>>

/** A secret value, compared by its digest. `secret` is set only where it is declared. */
export interface SecretValue {
  readonly digest: string
  readonly secret?: Secret
}

export type OptionValue = string | SecretValue

/** A map without a prototype, so that an option or a column can have any name, `__proto__` included. */
export function record<Value>(entries: Iterable<readonly [string, Value]>): Readonly<Record<string, Value>> {
  const map: Record<string, Value> = Object.create(null)
  for (const [name, value] of entries) map[name] = value
  return map
}

/** `OPTIONS (a 'x', b 'y')`, or nothing: PostgreSQL has no empty `OPTIONS ()`. */
export function optionsClause(options: Options): Sql {
  const parts = Object.entries(options).map(([name, value]) => sql`${ident(name)} ${literal(value)}`)
  return parts.length === 0 ? sql`` : sql` OPTIONS (${join(parts, ', ')})`
}

type OptionEdit = {
  readonly verb: 'ADD' | 'SET' | 'DROP'
  readonly name: string
  readonly from?: OptionValue
  readonly to?: OptionValue
}

/** Exactly what differs. To the server, ADD of an existing option and SET or DROP of a missing one are errors. */
export function optionEdits(
  from: Readonly<Record<string, OptionValue>>,
  to: Readonly<Record<string, OptionValue>>,
): readonly OptionEdit[] {
  const edits: OptionEdit[] = []
  for (const [name, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    if (before === undefined) edits.push({ verb: 'ADD', name, to: value })
    else if (!sameValue(before, value)) edits.push({ verb: 'SET', name, from: before, to: value })
  }
  for (const [name, value] of Object.entries(from)) {
    if (!Object.hasOwn(to, name)) edits.push({ verb: 'DROP', name, from: value })
  }
  return edits
}

function sameValue(left: OptionValue, right: OptionValue): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left === right
  return left.digest === right.digest
}

/** `ADD name 'value'`, `SET …`, `DROP name`: one item of `OPTIONS (…)`. */
export function optionItem(edit: OptionEdit): Parts {
  const head = sql`${trusted(edit.verb)} ${ident(edit.name)}`
  if (edit.to === undefined) return [head]
  if (typeof edit.to === 'string') return [sql`${head} ${literal(edit.to)}`]
  if (!edit.to.secret) throw new TypeError(`the secret option ${edit.name} has no value to set`)
  return [sql`${head} `, edit.to.secret]
}

/** A field for each option that differs, with its item of the one `OPTIONS (…)` clause. */
export function optionChanges(from: Options, to: Options): readonly FieldChange[] {
  return optionEdits(from, to).map((edit) => ({
    field: `option ${edit.name}`,
    from: shown(edit.from),
    to: shown(edit.to),
    effect: { how: 'clause', clause: optionItem(edit) },
  }))
}

export function shown(value: OptionValue | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : '(secret)'
}

/** `host shop-db · port 5432`: how a plan shows options. An ambiguous value is quoted. */
export function describeOptions(options: Readonly<Record<string, OptionValue>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${ident(name)} ${typeof value === 'string' ? describeValue(value) : shown(value)}`)
    .join(' · ')
}

function describeValue(value: string): string {
  return /^[\p{L}\p{N}_./:@%+=-]+$/u.test(value) ? value : literal(value)
}

/** ALTER FOREIGN TABLE takes any number of OPTIONS clauses, so that each option is a clause of its own. */
export function tableOptionChanges(from: Options, to: Options): readonly FieldChange[] {
  return optionChanges(from, to).map((field) =>
    field.effect.how === 'clause'
      ? { ...field, effect: { how: 'clause', clause: [sql`OPTIONS (`, ...field.effect.clause, sql`)`] } }
      : field,
  )
}

/** The options that the live object does not have, or has with another value. */
export function changedOptions(declared: Options, live: Options): Options {
  return record(Object.entries(declared).filter(([name, value]) => live[name] !== value))
}
