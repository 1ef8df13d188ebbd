// A foreign table without the options that the live one has already, which the server need not validate once more.
import { changedOptions, type OptionValues, record } from '../facets/options.ts'

interface WithOptions {
  readonly options: OptionValues
  readonly columns: Readonly<Record<string, { readonly options: OptionValues }>>
}

export function withoutUnchangedOptions<Spec extends WithOptions>(declared: Spec, live: WithOptions): Spec {
  const columns = Object.entries(declared.columns).map(([name, column]) => {
    const options = changedOptions(column.options, live.columns[name]?.options ?? {})
    return [name, { ...column, options }] as const
  })
  return { ...declared, options: changedOptions(declared.options, live.options), columns: record(columns) }
}
