/**
 * What both proxies stand between: addresses, certificates and the backends behind HBONE. Start with {@link io.milepost.bench.mesh.BenchMesh}.
 */
@NullMarked
package io.milepost.bench.mesh;

import org.jspecify.annotations.NullMarked;
