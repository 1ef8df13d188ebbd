// `ignore`: attributes of an object that something else manages, such as a password that is rotated. They are neither drift nor
// overwritten: their live values are the wanted ones.

import { isMap } from './data.ts'
import type { KindName } from './object.ts'

/** Exists in declarations only, not in the catalog. The ledger keeps it. */
export interface Ignoring {
  /** `comment`, `owner`, `grants`, `options.NAME`. */
  readonly ignore?: readonly string[]
}

/** What a declaration, current or from the ledger, ignores. */
export function ignoredOf(declared: unknown): readonly string[] {
  const ignored = isMap(declared) ? declared.ignore : undefined
  return Array.isArray(ignored) ? ignored.map(String) : []
}

/** A spec with the ignored attributes of the live object. If these are hidden, they stay as declared. */
export function withIgnored<Spec>(spec: Spec, live: unknown, ignored: readonly string[]): Spec {
  if (ignored.length === 0 || !isMap(spec) || !isMap(live)) return spec
  const attributes = ignored.flatMap((name) => (name === 'grants' ? ['grants', 'revokedFromOwner'] : [name]))
  const plain = attributes.filter((name) => !name.startsWith(optionPrefix))
  const own = Object.fromEntries(plain.map((name) => [name, live[name]]))
  return { ...spec, ...own, ...withIgnoredOptions(spec.options, live.options, ignored) }
}

function withIgnoredOptions(
  options: unknown,
  live: unknown,
  ignored: readonly string[],
): { readonly options?: unknown } {
  const names = new Set(ignoredOptions(ignored))
  if (names.size === 0 || !isMap(options) || !isMap(live)) return {}
  const others = Object.entries(options).filter(([name]) => !names.has(name))
  const kept = Object.entries(live).filter(([name]) => names.has(name))
  return { options: Object.fromEntries([...others, ...kept]) }
}

/** Whether a field that differs is of an ignored attribute. */
export function isIgnoredField(kind: KindName, field: string, ignored: readonly string[]): boolean {
  return ignored.length > 0 && ignored.includes(attributeOf(kind, field))
}

function attributeOf(kind: KindName, field: string): string {
  if (kind === 'userMapping') return `${optionPrefix}${field}`
  if (field.startsWith('option ')) return `${optionPrefix}${field.slice('option '.length)}`
  return field.startsWith('grant ') || field === 'revoked from owner' ? 'grants' : field
}

/** What remains of a live spec without the ignored attributes. */
export function withoutIgnored(spec: unknown, ignored: readonly string[]): unknown {
  if (ignored.length === 0 || !isMap(spec)) return spec
  const nothing = { ...(isMap(spec.options) ? { options: {} } : {}) }
  return withIgnored(spec, nothing, ignored)
}

/** The options among what is ignored. */
export function ignoredOptions(ignored: readonly string[]): readonly string[] {
  return ignored.flatMap((name) => (name.startsWith(optionPrefix) ? [nameOfOption(name)] : []))
}

const optionPrefix = 'options.'

function nameOfOption(attribute: string): string {
  return attribute.slice(optionPrefix.length)
}
