/** libs/registry's RegistryReader, of this region's projector. */
export const REGISTRY = Symbol('registry');
/** libs/registry's Answers. */
export const ANSWERS = Symbol('answers');
