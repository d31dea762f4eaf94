import { DEVELOPMENT_ISSUER, ISSUER_FILES } from '#libs/pki';
import { layoutOf } from './paths.mjs';
import { TOKEN_ISSUER } from './programs.mjs';

describe('the programs of the local stack', () => {
  it('believe the issuer whose tokens `trunkline token` signs', () => {
    expect(TOKEN_ISSUER).toBe(DEVELOPMENT_ISSUER);
    expect(layoutOf('home').jwks).toBe(`home/pki/${ISSUER_FILES.keySet}`);
  });
});
