// Options of wrappers, servers, mappings, tables and columns: maps, of which exactly the differences are altered. Secret ones are
// compared by digests, and never shown.

import type { FieldChange } from '../../core/change.ts'
import { emptyRecord } from '../../core/data.ts'
import { Secret, secretText } from '../../core/secret.ts'
import { isSecretOption } from '../../core/secret-options.ts'
import { ident, joinParts, literal, type Parts, sql, trusted } from '../../core/sql.ts'

/** The order has no meaning; a value may be any string, also an empty one. */
export type Options = Readonly<Record<string, string>>

/**
 * A secret value, compared by its digest. `secret` is undefined where it was not read: in a live user mapping, and in the ledger.
 */
export interface SecretValue {
  readonly digest: string
  readonly secret?: Secret
}

export type OptionValue = string | SecretValue
export type OptionValues = Readonly<Record<string, OptionValue>>

/** The digest of a secret with the salt of the run. */
type DigestOf = (secret: Secret) => string

/** A map whose keys can be any names of options or columns. */
export function record<Value>(entries: Iterable<readonly [string, Value]>): Readonly<Record<string, Value>> {
  const map = emptyRecord<Value>()
  for (const [name, value] of entries) map[name] = value
  return map
}

/** Most columns have none, and share this. */
export const noOptions: OptionValues = Object.freeze(emptyRecord<OptionValue>())

/** Options as declared, or as read from the catalog; the same map if none is a secret. @param named the options that the manifest calls secret */
export function hideSecrets(
  options: Readonly<Record<string, string | Secret | SecretValue>>,
  named: readonly string[] | undefined,
  digestOf: DigestOf,
): OptionValues {
  const isSecret = ([name, value]: readonly [string, string | Secret | SecretValue]) =>
    value instanceof Secret || (typeof value === 'string' && isSecretOption(name, value, named))
  const entries = Object.entries(options)
  if (!entries.some(isSecret)) return options as OptionValues // no value of it is a Secret
  return record(
    entries.map(([name, value]): [string, OptionValue] => {
      if (value instanceof Secret) return [name, secretValue(value, digestOf)]
      if (typeof value !== 'string' || !isSecretOption(name, value, named)) return [name, value]
      return [name, secretValue(new Secret(value), digestOf)]
    }),
  )
}

export function secretValue(secret: Secret, digestOf: DigestOf): SecretValue {
  return { digest: digestOf(secret), secret }
}

/** Options as the ledger keeps them. */
export function recordedOptions(options: OptionValues): OptionValues {
  if (Object.values(options).every((value) => typeof value === 'string')) return options
  return record(
    Object.entries(options).map(([name, value]) => [name, typeof value === 'string' ? value : { digest: '' }]),
  )
}

export function namesOfSecrets(options: OptionValues): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => (typeof value === 'string' ? [] : [name]))
}

/** The value of an option that is not a secret. */
export function plainOption(options: OptionValues, name: string): string | undefined {
  const value = Object.hasOwn(options, name) ? options[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** ` OPTIONS (a 'x', b 'y')`, or nothing: PostgreSQL has no empty `OPTIONS ()`. */
export function optionsClause(options: OptionValues): Parts {
  const items = Object.entries(options).map(([name, value]): Parts => [sql`${ident(name)} `, valuePart(name, value)])
  return items.length === 0 ? [] : [sql` OPTIONS (`, ...joinParts(items, sql`, `), sql`)`]
}

type OptionEdit = {
  readonly verb: 'ADD' | 'SET' | 'DROP'
  readonly name: string
  readonly from?: OptionValue
  readonly to?: OptionValue
}

/** Exactly what differs. To the server, ADD of an existing option and SET or DROP of a missing one are errors. */
export function optionEdits(from: OptionValues, to: OptionValues): readonly OptionEdit[] {
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

/** Whether both have the same options, and none is known to be a secret. */
export function areSameTexts(left: OptionValues, right: OptionValues): boolean {
  if (left === right) return Object.values(left).every((value) => typeof value === 'string')
  const names = Object.keys(left)
  const isSame = (name: string) =>
    typeof left[name] === 'string' && Object.hasOwn(right, name) && left[name] === right[name]
  return names.length === Object.keys(right).length && names.every(isSame)
}

function sameValue(left: OptionValue, right: OptionValue): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left === right
  return left.digest === right.digest
}

/** `ADD name 'value'`, `SET …`, `DROP name`: one item of `OPTIONS (…)`. */
export function optionItem({ verb, name, to }: OptionEdit): Parts {
  const head = sql`${trusted(verb)} ${ident(name)}`
  return to === undefined ? [head] : [sql`${head} `, valuePart(name, to)]
}

function valuePart(name: string, value: OptionValue): Parts[number] {
  return typeof value === 'string' ? literal(value) : (value.secret ?? new UnknownSecret(name))
}

/** A secret that is not known, where objects are only compared. It cannot be sent to a server. */
class UnknownSecret extends Secret {
  readonly #option: string

  constructor(option: string) {
    super('')
    this.#option = option
  }

  override reveal(): never {
    throw new TypeError(`the secret option ${this.#option} has no value to set`)
  }
}

/** What is known about secrets when two maps of options are compared. */
interface SecretContext {
  /** The options that the manifest calls secret, or called so when it was last applied. */
  readonly named: readonly string[] | undefined
  readonly digestOf: DigestOf
}

/** A field for each option that differs, with its item of the one `OPTIONS (…)` clause. */
export function optionChanges(from: OptionValues, to: OptionValues, secrets: SecretContext): readonly FieldChange[] {
  if (Object.keys(from).length + Object.keys(to).length === 0) return []
  const [before, after] = bothHidden(from, to, secrets)
  return optionEdits(before, after).map((edit) => ({
    field: `option ${edit.name}`,
    from: shown(edit.from),
    to: shown(edit.to),
    effect: { how: 'clause', clause: optionItem(edit) },
  }))
}

/** An option that is a secret on one side is one on the other side too. */
function bothHidden(from: OptionValues, to: OptionValues, { named = [], digestOf }: SecretContext) {
  const names = [...named, ...namesOfSecrets(from), ...namesOfSecrets(to)]
  return [hideSecrets(from, names, digestOf), hideSecrets(to, names, digestOf)] as const
}

export function shown(value: OptionValue | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : secretText
}

/** `host shop-db · port 5432`: how a plan shows options. An ambiguous value is quoted. */
export function describeOptions(options: OptionValues): string {
  return Object.entries(options)
    .map(([name, value]) => `${describeName(name)} ${typeof value === 'string' ? describeValue(value) : shown(value)}`)
    .join(' · ')
}

/** As in a manifest: `user` is no keyword there. */
function describeName(name: string): string {
  return /^[\p{L}\p{N}_.]+$/u.test(name) ? name : ident(name)
}

function describeValue(value: string): string {
  return /^(?:[\p{L}\p{N}_./:@%+=-]|\$\{(?:env|file):[^\s{}']+\})+$/u.test(value) ? value : literal(value)
}

/** ALTER FOREIGN TABLE takes any number of OPTIONS clauses, so that each option is a clause of its own. */
export function tableOptionChanges(
  from: OptionValues,
  to: OptionValues,
  secrets: SecretContext,
): readonly FieldChange[] {
  return optionChanges(from, to, secrets).map((field) =>
    field.effect.how === 'clause'
      ? { ...field, effect: { how: 'clause', clause: [sql`OPTIONS (`, ...field.effect.clause, sql`)`] } }
      : field,
  )
}

/** The options that the live object does not have, or has with another value. */
export function changedOptions(declared: OptionValues, live: OptionValues): OptionValues {
  const changed = optionEdits(live, declared).flatMap(({ name, to }) => (to === undefined ? [] : [[name, to] as const]))
  return record(changed)
}
