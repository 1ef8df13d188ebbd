// Warns of secrets that a plan sets where every role can read them. Only the plan that sets them warns; later ones do not.

import type { Change } from '../../core/change.ts'
import type { Warning } from '../../core/plan.ts'
import { secretText } from '../../core/secret.ts'
import { ident } from '../../core/sql.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'

export function exposedSecrets(changes: readonly Change[]): readonly Warning[] {
  const exposing = changes.filter(setsSecret)
  if (exposing.length === 0) return []
  const objects = exposing.map(({ to }) => {
    const names = kindOf(to.id).secrets?.exposed?.(to.spec) ?? []
    return `${titleOf(to.id)} (${names.map(ident).join(', ')})`
  })
  const where = 'every role of the database can read them; a user mapping would hide them'
  return [{ code: 'secret/exposed', message: `secrets among the options of ${objects.join(', ')}: ${where}` }]
}

type Setting = Extract<Change, { readonly op: 'create' | 'alter' | 'replace' }>

function setsSecret(change: Change): change is Setting {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return false
  const { exposed } = kindOf(change.to.id).secrets ?? {}
  if (!exposed || exposed(change.to.spec).length === 0) return false
  return change.op !== 'alter' || change.fields.some(({ to }) => to === secretText)
}
