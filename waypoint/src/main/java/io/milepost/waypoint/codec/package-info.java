/**
 * HTTP/1.1 and HTTP/2 on a tunnel: bytes in, message parts out, and back.
 *
 * <p>{@link io.milepost.waypoint.codec.Http1Decoder} frames messages (our own: Netty's codec cost 5 KiB of garbage a
 * request and is laxer than a proxy may be), {@link io.milepost.waypoint.codec.Http1Heads} reads and writes heads, {@link
 * io.milepost.waypoint.codec.Http1BodyLength} says how long the body behind one is, {@link
 * io.milepost.waypoint.codec.Http2Heads} translates to Netty's HTTP/2 headers. What is spoken to is {@link
 * io.milepost.waypoint.codec.DownstreamStream} and {@link io.milepost.waypoint.codec.UpstreamStream}: both protocols look
 * the same from inside.
 */
@NullMarked
package io.milepost.waypoint.codec;

import org.jspecify.annotations.NullMarked;
