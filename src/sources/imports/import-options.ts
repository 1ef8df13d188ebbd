// The options of an import that fdwsync carries out itself, instead of the wrapper.

import type { ImportRequest } from '../../manifest/manifest.ts'
import type { ServerSetup } from '../server-setup.ts'

type Options = ImportRequest['options']
type Request = Pick<ImportRequest, 'options' | 'mirrored'>
type Wrapper = Pick<ServerSetup, 'isPostgresFdw'>

/** The defaults of postgres_fdw. */
const defaultsOfImports = { import_collate: true, import_default: false, import_generated: true, import_not_null: true }

/** A copy has the values of generated columns. The functions that generate them may not exist here. */
const defaultsOfMirrors: typeof defaultsOfImports = { ...defaultsOfImports, import_generated: false }

/** Whether an option is on, by the words that PostgreSQL accepts for a Boolean. */
export function isOn({ options, mirrored }: Request, option: keyof typeof defaultsOfImports): boolean {
  const value = options[option]
  if (value === undefined) return (mirrored ? defaultsOfMirrors : defaultsOfImports)[option]
  return /^(1|on|t(r(ue?)?)?|y(es?)?)$/i.test(value)
}

export type ExpressionOption = 'import_default' | 'import_generated'

const ofExpressions: ReadonlySet<string> = new Set<ExpressionOption>(['import_default', 'import_generated'])

/**
 * The options to turn off. IMPORT FOREIGN SCHEMA must not import expressions: their text, which a source chooses, becomes part of
 * statements. A wrapper rejects options that it does not know, so these lists are tried in order.
 */
export function optionsToTurnOff({ isPostgresFdw }: Wrapper): readonly (readonly ExpressionOption[])[] {
  const both = ['import_default', 'import_generated'] as const
  return isPostgresFdw ? [both] : [both, ['import_generated'], ['import_default'], []]
}

/** The options for IMPORT FOREIGN SCHEMA. The wrapper itself rejects values that are not Booleans. */
export function optionsOfImport(options: Options, off: readonly ExpressionOption[]): Options {
  const others = Object.entries(options).filter(([name, value]) => !ofExpressions.has(name) || !isBoolean(value))
  return Object.fromEntries([...off.map((name) => [name, 'false'] as const), ...others])
}

function isBoolean(value: string): boolean {
  return /^(0|1|on|off?|t(r(ue?)?)?|f(a(l(se?)?)?)?|y(es?)?|no?)$/i.test(value)
}

/** The options that request expressions from a wrapper that cannot show them beforehand. */
export function unsupportedOptions(request: Request, { isPostgresFdw }: Wrapper): readonly string[] {
  if (isPostgresFdw) return []
  return Object.keys(request.options).filter(
    (name) => (name === 'import_default' || name === 'import_generated') && isOn(request, name),
  )
}
