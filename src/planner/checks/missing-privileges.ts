// Explains what a role lacks for a change, and which statement or declaration helps.

import { grantMembership, hasMembershipOptions } from '../../core/membership.ts'
import type { Refusal } from '../../core/plan.ts'
import { sourceSchema } from '../../core/reserved-schemas.ts'
import { ident } from '../../core/sql.ts'

/** The privileges that are missing. `user` is the role that applies. */
export interface Shortcomings {
  readonly user: string
  /** Whether the user inherits the privileges of roles by default. */
  readonly inherits: boolean
  /** The owner of the object, if the user lacks the privileges of that role. */
  readonly otherOwner: string | null
  readonly mayCreate: boolean
  readonly mayCreateSourceView: boolean
  /** The role of which all roles that apply are members. */
  readonly ledgerOwner: string | null
  readonly maySetOwner: boolean
  readonly isMemberOfOwner: boolean
  readonly ownerMayCreate: boolean
  readonly ownerMayUseWrapper: boolean
}

interface Refused {
  readonly isNew: boolean
  readonly schema: string
  /** Whether the plan creates or alters the schema. Then the manifest decides its privileges. */
  readonly isSchemaPlanned: boolean
  /** The new owner of the object. */
  readonly owner: string
  readonly wrapper: string
  readonly serverVersion: number
}

type Explanation = Pick<Refusal, 'reason' | 'hint'>

export function explainShortcoming(refused: Refused, lacks: Shortcomings): Explanation {
  const { owner, wrapper } = refused
  if (lacks.otherOwner !== null) {
    const what = refused.isNew ? 'what it belongs to' : 'it'
    const owned = `${what} is owned by ${ident(lacks.otherOwner)}`
    const reason = `${owned}, and ${ident(lacks.user)} does not have the privileges of that role`
    return { reason, hint: 'Apply as a role that does. Or have its owner changed.' }
  }
  if (!lacks.mayCreate) return withoutCreate(ident(lacks.user), lacks.user, refused)
  if (!lacks.mayCreateSourceView) return withoutSourceSchema(lacks)
  if (!lacks.maySetOwner) return notGiven(owner, lacks, refused)
  if (!lacks.ownerMayCreate) return withoutCreate(`its owner ${ident(owner)}`, owner, refused)
  return withoutPrivilege(`its owner ${ident(owner)}`, `USAGE ON FOREIGN DATA WRAPPER ${ident(wrapper)}`, owner)
}

function withoutPrivilege(who: string, privilege: string, role: string): Explanation {
  return { reason: `${who} needs ${privilege}`, hint: `GRANT ${privilege} TO ${ident(role)};` }
}

function withoutCreate(who: string, role: string, { schema, isSchemaPlanned }: Refused): Explanation {
  const explanation = withoutPrivilege(who, `CREATE ON SCHEMA ${ident(schema)}`, role)
  if (!isSchemaPlanned) return explanation
  return { ...explanation, hint: `Declare it: grants: { create: [${role}] } of the schema.` }
}

/** A grant does not help: the manifest that has created the schema would revoke it. */
function withoutSourceSchema({ user, ledgerOwner }: Shortcomings): Explanation {
  const explanation = withoutPrivilege(ident(user), `CREATE ON SCHEMA ${sourceSchema}`, user)
  if (ledgerOwner === null) return explanation
  const giving = `ALTER SCHEMA ${sourceSchema} OWNER TO ${ident(ledgerOwner)};`
  return { ...explanation, hint: `Give it to the role that owns the ledger: ${giving}` }
}

function notGiven(
  role: string,
  { user: member, isMemberOfOwner, inherits }: Shortcomings,
  refused: Refused,
): Explanation {
  const [user, owner] = [ident(member), ident(role)]
  const hasOptions = hasMembershipOptions(refused.serverVersion)
  const partly = hasOptions
    ? 'its membership in that role lacks SET or INHERIT'
    : 'it does not inherit the privileges of that role'
  const why = isMemberOfOwner ? partly : 'it is not a member of that role'
  const grant = grantMembership(role, member, refused.serverVersion)
  const statements = [
    ...(hasOptions || !isMemberOfOwner ? [grant] : []),
    ...(hasOptions || inherits ? [] : [`ALTER ROLE ${user} INHERIT;`]),
  ]
  return {
    reason: `${user} cannot give it to ${owner}, since ${why}`,
    hint: `Apply as a role that can. Or, if ${user} may act as ${owner}: ${statements.join(' ')}`,
  }
}
