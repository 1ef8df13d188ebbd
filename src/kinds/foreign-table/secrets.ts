// The secrets among the options of a foreign table and of its columns.
import type { FieldChange } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import type { Secret } from '../../core/secret.ts'
import { type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import { hideSecrets, namesOfSecrets, type OptionValues, record, recordedOptions } from '../facets/options.ts'
import { presentSecretOptions } from '../facets/secret-options.ts'
import type { Secrets } from '../kind.ts'
import type { ForeignTableSpec } from './spec.ts'

type TableSecrets = Secrets<IdOf<'foreignTable'>, ForeignTableSpec>

export const tableSecrets: TableSecrets = {
  hide: (read, named, digestOf) => {
    const hidden = withOptions(read, (options) => hideSecrets(options, named, digestOf))
    if (named.length === 0) return hidden
    return { ...hidden, ...presentSecretOptions(named, Object.assign({}, ...allOptions(read))) }
  },
  recorded: (declared) => withOptions(declared, recordedOptions),
  exposed: secretsOfTable,
}

/** The names of secrets among the options of the table and its columns. */
export function secretsOfTable(spec: ForeignTableSpec): readonly string[] {
  return [...new Set(allOptions(spec).flatMap(namesOfSecrets))]
}

/** Without the options that are secrets. */
export function withPlainOptions(spec: ForeignTableSpec): ForeignTableSpec {
  const isPlain = ([, value]: readonly [string, unknown]) => typeof value === 'string'
  return withOptions(spec, (options) => record(Object.entries(options).filter(isPlain)))
}

/** The secrets themselves, where they are known. */
export function secretsIn(options: OptionValues): Readonly<Record<string, Secret>> {
  return record(
    Object.entries(options).flatMap(([name, value]) =>
      typeof value === 'string' || !value.secret ? [] : [[name, value.secret] as const],
    ),
  )
}

/** The same spec if all options stay as they are. */
function withOptions(spec: ForeignTableSpec, edit: (options: OptionValues) => OptionValues): ForeignTableSpec {
  if (allOptions(spec).every((options) => edit(options) === options)) return spec
  const columns = Object.entries(spec.columns).map(
    ([name, column]) => [name, { ...column, options: edit(column.options) }] as const,
  )
  return { ...spec, options: edit(spec.options), columns: record(columns) }
}

/** The options of the table, and of all columns that have some. */
function allOptions({ options, columns }: ForeignTableSpec): readonly OptionValues[] {
  const all = [options]
  for (const { options: ofColumn } of Object.values(columns)) if (Object.keys(ofColumn).length > 0) all.push(ofColumn)
  return all
}

/** Takes the lock for an ALTER with secrets, since that statement must not wait. The clause itself has had no effect since 12. */
export function lockBefore(alter: Sql, fields: readonly FieldChange[]): readonly Statement[] {
  const hasSecrets = fields.some(
    ({ effect }) => effect.how === 'clause' && effect.clause.some((part) => typeof part !== 'string'),
  )
  return hasSecrets ? [statement(sql`${alter}SET WITHOUT OIDS`)] : []
}
