// What PostgreSQL computes when it simplifies an expression. It does so when it creates an index, a partitioned table or a
// generated column: immutable functions of constants are called. Pure.

import { nodesAt, nodesIn, oidAt, type TreeNode, type TreeValue } from '../../parser/node-tree.ts'
import type { EvaluatedCode } from './evaluated-code.ts'

/** A user-defined function in a tree, by its signature: `public.f(integer)`. */
export interface UserFunction extends EvaluatedCode {
  readonly isImmutable: boolean
  /** Whether PostgreSQL may put its body in place of a call, and then simplify that. */
  readonly isInlined: boolean
  /** Whether that may call a user-defined function. */
  readonly bodyCalls: boolean
  /** Whether default values of its parameters may call a user-defined function. */
  readonly defaultsCall: boolean
  readonly parameters: number
}

/** The functions that are called in a tree: OIDs, of casts and of the functions behind operators too. */
export function functionsIn(tree: TreeValue): readonly number[] {
  return nodesIn(tree).flatMap((node) => functionsOf(node))
}

function functionsOf(node: TreeNode): readonly number[] {
  const oid = oidAt(node, 'funcid') || oidAt(node, 'opfuncid')
  return oid > 0 ? [oid] : []
}

/** The user-defined functions that may be called when PostgreSQL simplifies a tree. It names too many rather than too few. */
export function calledByFolding(tree: TreeValue, functions: Functions): readonly EvaluatedCode[] {
  return nodesIn(tree).flatMap((node) => {
    if (comparesByUserOperators(node)) return [rowOperators]
    const [oid] = functionsOf(node)
    const called = oid === undefined ? undefined : functions.get(oid)
    if (!called) return []
    const args = nodesAt(node, 'args')
    const isComputed = called.isImmutable && args.every((arg) => mayBeConstant(arg, functions))
    const usesDefaults = args.length < called.parameters
    return isComputed || called.bodyCalls || (usesDefaults && called.defaultsCall) ? [called] : []
  })
}

/** Only a superuser can let them compare rows, by an operator family. */
const rowOperators: EvaluatedCode = { title: 'user-defined operators that compare rows', owner: '', isTrusted: true }

/** The tree has the OIDs of these operators, but not of their functions. */
function comparesByUserOperators({ type, fields }: TreeNode): boolean {
  const operators = fields.get('opnos')
  return type === 'ROWCOMPARE' && Array.isArray(operators) && operators.some((oid) => Number(oid) >= 16384)
}

type Functions = ReadonlyMap<number, UserFunction>

/**
 * Whether a node may become a constant: false only if it certainly depends on a row.
 * @param isCaseConstant whether `x` in `CASE x WHEN …` may be a constant
 */
function mayBeConstant(node: TreeNode, functions: Functions, isCaseConstant = true): boolean {
  const isConstant = (child: TreeNode) => mayBeConstant(child, functions, isCaseConstant)
  switch (node.type) {
    case 'VAR':
      return false
    case 'CASETEST':
      return isCaseConstant
    case 'RELABELTYPE':
    case 'COERCEVIAIO':
    case 'COLLATE':
    case 'ARRAYCOERCE':
    case 'CONVERTROWTYPE':
    case 'COERCETODOMAIN':
    case 'BOOLEANTEST':
      return nodesAt(node, 'arg').every(isConstant)
    case 'FIELDSELECT':
      // A field of ROW(…) is put in place of it.
      return nodesAt(node, 'arg').every(({ type }) => type !== 'VAR')
    case 'FUNC':
    case 'OP':
    case 'DISTINCT':
    case 'NULLIF':
    case 'SCALARARRAYOP': {
      const args = nodesAt(node, 'args')
      const isInlined = functionsOf(node).some((oid) => functions.get(oid)?.isInlined)
      // A strict function of NULL is NULL.
      return isInlined || args.every(isConstant) || args.some((arg) => isConstant(arg) && !isNotNull(arg))
    }
    case 'COALESCE':
      return nodesAt(node, 'args').slice(0, 1).every(isConstant)
    case 'CASE':
      return isCaseFirstConstant(node, functions)
    case 'BOOL':
      return nodesAt(node, 'args').some(isConstant)
    case 'ROW':
    case 'MINMAX':
      return nodesAt(node, 'args').every(isConstant)
    case 'ARRAY':
      return nodesAt(node, 'elements').every(isConstant)
    case 'SUBSCRIPTINGREF':
      return nodesAt(node, 'refexpr').every(isConstant)
    default:
      return true
  }
}

/** A CASE remains one if its first condition depends on a row. */
function isCaseFirstConstant(node: TreeNode, functions: Functions): boolean {
  const isArgConstant = nodesAt(node, 'arg').every((arg) => mayBeConstant(arg, functions))
  return nodesAt(node, 'args')
    .slice(0, 1)
    .every((when) => nodesAt(when, 'expr').every((condition) => mayBeConstant(condition, functions, isArgConstant)))
}

/** A constant that is certainly not NULL. */
function isNotNull(node: TreeNode): boolean {
  if (node.type === 'CONST') return node.fields.get('constisnull') === 'false'
  if (node.type === 'ARRAY' || node.type === 'ROW') return true
  return ['RELABELTYPE', 'COLLATE', 'COERCEVIAIO'].includes(node.type) && nodesAt(node, 'arg').every(isNotNull)
}
