// The attribute `protect`: an object that must not be dropped or rebuilt.
import type { Protection } from '../../core/protection.ts'

export type { Protection }

export function declaredProtection({ protect }: { readonly protect?: boolean }): Protection {
  return protect ? { protect: true } : {}
}
