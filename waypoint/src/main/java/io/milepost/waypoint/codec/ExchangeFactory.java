package io.milepost.waypoint.codec;

import io.milepost.http.RequestHead;

/** Begins exchanges on one downstream connection. */
public interface ExchangeFactory {
    /**
     * @param end the request has no body
     * @param upgrade the request asks for an upgrade (its {@code upgrade} header is still there)
     */
    ExchangeHandler begin(RequestHead head, boolean end, boolean upgrade, DownstreamStream stream);

    /** A message that was refused by the codec; the answer was written with {@code bytes} of body. */
    void refused(BadMessageException e, long bytes);

    /** Whether connections are asked to end (drain). */
    boolean draining();
}
