/**
 * HBONE, both ends: mutual TLS with SPIFFE identities, HTTP/2, and one Netty channel per CONNECT stream.
 *
 * <p>Starting points: {@link io.milepost.hbone.HboneServer} (accepts tunnels and hands them to a {@link
 * io.milepost.hbone.HboneTunnelService}), {@link io.milepost.hbone.HboneClient} (opens tunnels, pools connections per
 * event loop), {@link io.milepost.hbone.WorkloadCertificates} (our key and the mesh's roots). A tunnel is a {@link
 * io.milepost.hbone.TunnelChannel}. The wire forms (authority, baggage, forwarded, traceparent, PROXY) are pure functions in
 * {@code io.milepost.hbone.wire}. Nothing here knows of HTTP routing or of sources of
 * configuration.
 */
@NullMarked
package io.milepost.hbone;

import org.jspecify.annotations.NullMarked;
