// The variables of a manifest: `vars:` declares them, `--var` sets them, `${var:NAME}` uses them. They are not secrets, and are
// resolved before the manifest is checked, so that booleans can be variables, too.

import { emptyRecord, isMap } from '../../core/data.ts'
import { exitCode, FdwsyncError, type Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import { atKey, atValue, type PathProblem } from '../checks/path-problem.ts'
import { truthValues } from '../generated/manifest-shapes.ts'
import type { Path, Variable, VariableType } from '../manifest.ts'
import { matcher } from '../yaml/path-pattern.ts'

/** Values by name, as `--var NAME=VALUE` sets them. */
export type GivenVariables = Readonly<Record<string, string>>

const types: readonly string[] = ['text', 'integer', 'boolean'] satisfies readonly VariableType[]

/**
 * The variables that a manifest declares. The schema reports a wrong shape of `vars`.
 * @throws FdwsyncError if a value is given for a variable that is not declared
 */
export function variablesOf(
  data: unknown,
  given: GivenVariables,
): { readonly variables: readonly Variable[]; readonly problems: readonly PathProblem[] } {
  const problems: PathProblem[] = []
  const variables = Object.entries(mapAt(data, 'vars')).map(([name, declared]): Variable => {
    const { type, default: initial, description } = isMap(declared) ? declared : {}
    const variable = {
      name,
      type: isType(type) ? type : 'text',
      default: typeof initial === 'string' ? initial : undefined,
      description: typeof description === 'string' ? description : undefined,
    } as const
    problems.push(...problemsOf(variable))
    const value = Object.hasOwn(given, name) ? given[name] : variable.default
    return { ...variable, value, isGiven: Object.hasOwn(given, name) }
  })
  const usage = Object.entries(given).flatMap(([name, value]) => misuseOf(name, value, variables))
  if (usage.length > 0) throw new FdwsyncError(usage, exitCode.usage)
  return { variables, problems }
}

function problemsOf(variable: Pick<Variable, 'name' | 'type' | 'default'>): readonly PathProblem[] {
  const { name, type, default: initial } = variable
  const invalid = (message: string, hint: string): Problem => ({ code: 'manifest/invalid-value', message, hint })
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const hint = 'It consists of letters, digits and underscores, and does not begin with a digit.'
    return [atKey(['vars', name], invalid(`"${name}" is no name of a variable`, hint))]
  }
  if (initial === undefined) return []
  const path = ['vars', name, 'default']
  if (initial.includes('${')) {
    const hint = 'Use the reference where the value is needed, or set the variable with --var.'
    return [atValue(path, invalid('the default of a variable cannot contain a reference', hint))]
  }
  const mismatch = mismatchOf(type, initial)
  return mismatch ? [atValue(path, invalid(`the default of "${name}" ${mismatch}`, `Its type is ${type}.`))] : []
}

function misuseOf(name: string, value: string, variables: readonly Variable[]): readonly Problem[] {
  const names = variables.map((variable) => variable.name)
  const variable = variables.find((each) => each.name === name)
  const code = 'usage/invalid-argument'
  if (!variable) {
    const message = `--var ${name}: the manifest declares no such variable${didYouMean(name, names)}`
    return [{ code, message, hint: `Its variables: ${names.join(', ') || 'none'}` }]
  }
  const mismatch = mismatchOf(variable.type, value)
  return mismatch ? [{ code, message: `--var ${name}: the value ${mismatch}` }] : []
}

function mismatchOf(type: VariableType, value: string): string | undefined {
  switch (type) {
    case 'text':
      return undefined
    case 'integer':
      return /^-?\d+$/.test(value) ? undefined : `must be a whole number, not "${value}"`
    case 'boolean':
      return value === 'true' || value === 'false' ? undefined : `must be true or false, not "${value}"`
  }
}

const isTruthValue = matcher(truthValues)
/** `$${` is a literal `${`. */
const pattern = /\$\$\{|\$\{var:([^}$]*)\}/g

/**
 * A copy of the data with values in place of `${var:NAME}`. References to variables without a value are kept.
 * @param isNeeded whether it is a problem if a boolean at the path has no value
 */
export function withVariables(
  data: unknown,
  variables: readonly Variable[],
  isNeeded: (path: Path) => boolean,
): { readonly data: unknown; readonly problems: readonly PathProblem[] } {
  const problems: PathProblem[] = []
  const known = new Map(variables.map((variable) => [variable.name, variable]))
  return { data: visit(data, []), problems }

  function visit(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return value.includes('${var:') ? replaced(value, path) : value
    if (Array.isArray(value)) return value.map((item, at) => visit(item, [...path, at]))
    if (!isMap(value) || (path.length === 1 && path[0] === 'vars')) return value
    const map: Record<string, unknown> = emptyRecord()
    for (const [key, item] of Object.entries(value)) {
      const itemPath = [...path, key]
      const [, name] = /\$\{var:([^}$]*)\}/.exec(key) ?? []
      // Without such a variable it is just a name, which an export may contain.
      if (name !== undefined && known.has(name)) problems.push(atKey(itemPath, inName(name)))
      map[key] = visit(item, itemPath)
    }
    return map
  }

  function replaced(text: string, path: Path): unknown {
    const full = text.replace(pattern, (reference, name: string | undefined) => {
      if (name === undefined) return reference
      const variable = known.get(name)
      if (!variable) problems.push(atValue(path, undeclared(reference, name, known.keys())))
      // A given value is not part of the manifest, so it cannot contain references.
      return variable?.value?.replaceAll('${', () => '$${') ?? reference
    })
    if (!isTruthValue(path)) return full
    const isOpen = full === text && !isNeeded(path)
    if (full !== 'true' && full !== 'false' && !isOpen) problems.push(atValue(path, noTruthValue(path, text, full)))
    return full === 'true'
  }
}

function undeclared(reference: string, name: string, known: Iterable<string>): Problem {
  return {
    code: 'manifest/unresolved-reference',
    message: `${reference}: the manifest declares no such variable${didYouMean(name, known)}`,
    hint: 'Declare it under vars.',
  }
}

function inName(name: string): Problem {
  return {
    code: 'manifest/invalid-value',
    message: `a variable cannot be a part of a name: \${var:${name}}`,
    hint: 'Write the name. Where it differs between databases, declare the object in an overlay for each.',
  }
}

function noTruthValue(path: Path, text: string, value: string): Problem {
  if (text === value) return missingVariable(text)
  const message = `"${String(path.at(-1))}" must be true or false, but ${text} is "${value}"`
  return { code: 'manifest/invalid-value', message, hint: 'Declare the variable with type: boolean.' }
}

/** @param reference such as `${var:stage}` */
export function missingVariable(reference: string): Problem {
  const name = reference.slice('${var:'.length, -1)
  return {
    code: 'manifest/unresolved-reference',
    message: `${reference}: the variable has no value`,
    hint: `Set it with --var ${name}=…, or add a default under vars.`,
  }
}

function isType(value: unknown): value is VariableType {
  return typeof value === 'string' && types.includes(value)
}

function mapAt(data: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = isMap(data) ? data[key] : undefined
  return isMap(value) ? value : {}
}
