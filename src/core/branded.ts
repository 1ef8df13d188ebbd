declare const brand: unique symbol

/** A `Base` that only the functions that make a `Name` can make. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }
