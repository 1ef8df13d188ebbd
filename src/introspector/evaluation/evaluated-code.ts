// User-defined code that PostgreSQL runs while it creates something.

export interface EvaluatedCode {
  /** The code in words: `public.f(integer)`, `the checks of domain public.d`. */
  readonly title: string
  readonly owner: string
  readonly isTrusted: boolean
}

/** Which user-defined code may be run. A plan runs none. An apply does; that of untrusted owners only if it is allowed. */
export type MayEvaluate = 'nothing' | 'trusted-code' | 'everything'

/** Which code to look for. */
export interface EvaluationContext {
  readonly trustedRoles: readonly string[]
  /** Whether to look for code of untrusted owners only. */
  readonly isUntrustedOnly?: boolean
  /** Only what unqualified names find in these schemas. Undefined: all. */
  readonly foundIn?: readonly string[]
}

/** The first few, since a database can have many. With the owner, where that is a reason not to run it. */
export function describeCode(code: readonly EvaluatedCode[]): string {
  const titles = code.map(({ title, owner, isTrusted }) => (isTrusted ? title : `${title}, which belongs to ${owner}`))
  const all = [...new Set(titles)]
  return all.length <= 3 ? all.join(', ') : `${all.slice(0, 3).join(', ')} …`
}
