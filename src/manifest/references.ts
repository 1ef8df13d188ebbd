import type { Problem } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { isSecretOption } from '../core/secret-options.ts'
import type { Path, References } from './manifest.ts'
import { matcher } from './pattern.ts'

const isMappingOption = matcher(['servers.*.user_mappings.*.*'])
const pattern = /\$\$\{|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{file:([^}]+)\}|\$\{[^}]*\}?/g

export interface Resolved {
  readonly data: unknown
  readonly secrets: readonly Secret[]
  readonly problems: readonly { readonly path: Path; readonly problem: Problem }[]
  /** Secrets that stand in the manifest itself. */
  readonly inClear: readonly Path[]
}

/**
 * Puts in what `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` stand for; `$${` is a literal `${`. It is done
 * to values that are parsed already, so that no value can become YAML. Without references they are left as they are.
 */
export function resolveReferences(data: unknown, references: References | undefined): Resolved {
  const secrets: Secret[] = []
  const problems: { path: Path; problem: Problem }[] = []
  const inClear: Path[] = []
  return { data: resolve(data, []), secrets, problems, inClear }

  function resolve(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return resolveText(value, path)
    if (Array.isArray(value)) return value.map((item, at) => resolve(item, [...path, at]))
    if (value === null || typeof value !== 'object') return value
    const map: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) map[key] = resolve(item, [...path, key])
    return map
  }

  function resolveText(text: string, path: Path): string | Secret {
    const resolved = references ? text.replace(pattern, (...groups) => replacement(path, references, groups)) : text
    if (!isMappingOption(path) || !isSecretOption(String(path.at(-1)))) return resolved
    if (!text.includes('${') && text !== '') inClear.push(path)
    const secret = new Secret(resolved)
    secrets.push(secret)
    return secret
  }

  function replacement(path: Path, known: References, groups: readonly unknown[]): string {
    const [whole, variable, hasDefault, fallback, file] = groups.map((group) =>
      typeof group === 'string' ? group : undefined,
    )
    if (whole === '$${') return '${'
    if (variable !== undefined) {
      const value = known.env(variable)
      if (value !== undefined && !(hasDefault && value === '')) return value
      if (hasDefault) return fallback ?? ''
      note(
        path,
        `\${env:${variable}}: there is no such variable`,
        `Set ${variable}, or give a default: \${env:${variable}:-…}.`,
      )
      return ''
    }
    if (file !== undefined) {
      const content = known.file(file)
      if (content !== undefined) return content
      note(path, `\${file:${file}}: the file can not be read`, 'The path is relative to the manifest.')
      return ''
    }
    note(
      path,
      `unknown reference ${whole}`,
      'There are ${env:NAME}, ${env:NAME:-default} and ${file:path}; a literal ${ is written $${.',
    )
    return ''
  }

  function note(path: Path, message: string, hint: string): void {
    problems.push({ path, problem: { message, hint } })
  }
}
