// The options of an import that fdwsync understands, since it does itself what they ask of a wrapper.

import type { ImportRequest } from '../manifest/manifest.ts'

type Options = ImportRequest['options']

/** What postgres_fdw does if an option is not set. */
const defaults = { import_collate: true, import_default: false, import_generated: true } as const

/** Whether an option is on, by the words that PostgreSQL accepts for a Boolean. */
export function isOn(options: Options, option: keyof typeof defaults): boolean {
  const value = options[option]
  return value === undefined ? defaults[option] : /^(1|on|t(r(ue?)?)?|y(es?)?)$/i.test(value)
}

const ofExpressions: ReadonlySet<string> = new Set(['import_default', 'import_generated'])

/**
 * The options for IMPORT FOREIGN SCHEMA. It must not import expressions: their text, which a source chooses, becomes part of
 * statements. Values that are no Booleans are left for the wrapper to refuse.
 */
export function optionsOfImport(options: Options, wrapper: string): Options {
  const others = Object.entries(options).filter(([name, value]) => !ofExpressions.has(name) || !isBoolean(value))
  const off = wrapper === 'postgres_fdw' ? { import_default: 'false', import_generated: 'false' } : {}
  return { ...off, ...Object.fromEntries(others) }
}

function isBoolean(value: string): boolean {
  return /^(0|1|on|off?|t(r(ue?)?)?|f(a(l(se?)?)?)?|y(es?)?|no?)$/i.test(value)
}

/** The options that ask a wrapper for expressions which it cannot show beforehand. */
export function unsupportedOptions(options: Options, wrapper: string): readonly string[] {
  if (wrapper === 'postgres_fdw') return []
  return Object.keys(options).filter(
    (name) =>
      ofExpressions.has(name) && isOn(options, name === 'import_default' ? 'import_default' : 'import_generated'),
  )
}
