// Domains as text, and how their default, NOT NULL and checks change: each by a statement of its own.
import type { FieldChange } from '../../core/change.ts'
import { fragment, ident, inSubtransaction, join, resolved, type Sql, sql, statement } from '../../core/sql.ts'
import { becomesValid, type Check, checkClause, checkText } from '../facets/columns/checks.ts'
import { commentChange } from '../facets/comment.ts'
import { type ObjectName, showName } from '../facets/names.ts'

interface DomainSpec {
  readonly default: string | null
  readonly notNull: boolean
  readonly checks: Readonly<Record<string, Check>>
}

interface Base {
  readonly base: string | null
  readonly collation: ObjectName | null
}

export function checkTarget(name: Sql, check: string): Sql {
  return sql`CONSTRAINT ${ident(check)} ON DOMAIN ${name}`
}

export function addCheck(domain: Sql, name: string, check: Check): Sql {
  return sql`ALTER DOMAIN ${domain} ADD ${checkClause(name, check)}`
}

export function domainChanges(
  name: Sql,
  from: DomainSpec,
  to: DomainSpec,
  declared: DomainSpec,
): readonly FieldChange[] {
  const change = (field: string, was: string | null, is: string | null, what: Sql): readonly FieldChange[] => {
    const scans = field === 'not null' && to.notNull ? { scansValues: true as const } : {}
    const effect = { how: 'statement', statement: statement(sql`ALTER DOMAIN ${name} ${what}`) } as const
    return was === is ? [] : [{ field, from: was ?? undefined, to: is ?? undefined, effect, ...scans }]
  }
  const set = declared.default === null ? sql`DROP DEFAULT` : sql`SET DEFAULT (${fragment(declared.default)})`
  const yes = (is: boolean) => (is ? 'yes' : 'no')
  return [
    ...change('default', from.default, to.default, set),
    ...change('not null', yes(from.notNull), yes(to.notNull), to.notNull ? sql`SET NOT NULL` : sql`DROP NOT NULL`),
    ...domainCheckChanges(name, from, to),
  ]
}

function domainCheckChanges(name: Sql, from: DomainSpec, to: DomainSpec): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(from.checks), ...Object.keys(to.checks)])]
  return names.flatMap((check): readonly FieldChange[] => {
    const before = Object.hasOwn(from.checks, check) ? from.checks[check] : undefined
    const after = Object.hasOwn(to.checks, check) ? to.checks[check] : undefined
    const [was, is] = [before && checkText(before), after && checkText(after)]
    const comment = (present: string | undefined) =>
      commentChange(checkTarget(name, check), `check ${check} comment`, present, after?.comment)
    if (was === is) return comment(before?.comment)
    const change = (statements: readonly Sql[]): FieldChange => ({
      field: `check ${check}`,
      from: was,
      to: is,
      ...(after && !after.mark ? { scansValues: true } : {}),
      // A check is evaluated at once, for each stored value of the domain, so it is used as the probe has resolved it. Dropping a
      // check leaves invalidation messages.
      effect: { how: 'statement', statement: inSubtransaction(resolved(statement(join(statements, ';\n')))) },
    })
    const alter = sql`ALTER DOMAIN ${name}`
    if (before && after && becomesValid(before, after)) {
      return [change([sql`${alter} VALIDATE CONSTRAINT ${ident(check)}`]), ...comment(before.comment)]
    }
    const statements = [
      ...(before ? [sql`${alter} DROP CONSTRAINT ${ident(check)}`] : []),
      ...(after ? [addCheck(name, check, after)] : []),
    ]
    return [change(statements), ...(after ? comment(undefined) : [])]
  })
}

export function baseText({ base, collation }: Base): string | undefined {
  return base === null ? undefined : `${base}${collation ? ` COLLATE ${showName(collation)}` : ''}`
}

export function domainText(spec: DomainSpec & Base): string {
  return [baseText(spec) ?? '', spec.notNull ? 'not null' : '', spec.default === null ? '' : `default ${spec.default}`]
    .filter((part) => part !== '')
    .join(' ')
}
