/** libs/registry's RegistryReader, of this region's projector. */
export const REGISTRY = Symbol('registry');
