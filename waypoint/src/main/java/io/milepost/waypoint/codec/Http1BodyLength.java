package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;

/** How long the body behind a head is (RFC 9112 6.3); what two readers could take differently is refused. */
final class Http1BodyLength {
    private static final AsciiString CHUNKED = AsciiString.cached("chunked");

    private Http1BodyLength() {}

    /**
     * Length of a request's body by its headers; removes nothing.
     *
     * @return as {@link Http1Decoder#onHead}
     */
    static long ofRequest(Headers h) throws BadMessageException {
        int te = h.indexOf(HeaderName.TRANSFER_ENCODING, 0);
        int cl = h.indexOf(HeaderName.CONTENT_LENGTH, 0);
        if (te >= 0) {
            AsciiString v = h.value(te);
            if (cl >= 0) {
                throw BadMessageException.codecError();
            }
            if (h.indexOf(HeaderName.TRANSFER_ENCODING, te + 1) >= 0) {
                // As one list, which is no coding that we know.
                throw new BadMessageException(501, "http1.invalid_transfer_encoding");
            }
            if (!v.contentEqualsIgnoreCase(CHUNKED)) {
                throw v.contentEqualsIgnoreCase("identity")
                        ? BadMessageException.codecError()
                        : new BadMessageException(501, "http1.invalid_transfer_encoding");
            }
            return Http1Decoder.CHUNKED;
        }
        return cl < 0 ? Http1Decoder.NO_BODY : contentLength(h, cl);
    }

    /** Length of a response's body; {@code head} requests and 1xx, 204, 304 have none. */
    static long ofResponse(ResponseHead r, boolean head) throws BadMessageException {
        int s = r.status();
        Headers h = r.headers();
        if (head || s < 200 || s == 204 || s == 304) {
            return Http1Decoder.NO_BODY;
        }
        int te = h.indexOf(HeaderName.TRANSFER_ENCODING, 0);
        int cl = h.indexOf(HeaderName.CONTENT_LENGTH, 0);
        if (te >= 0) {
            if (cl >= 0 || !h.value(te).contentEqualsIgnoreCase(CHUNKED)) {
                throw BadMessageException.codecError();
            }
            return Http1Decoder.CHUNKED;
        }
        return cl < 0 ? Http1Decoder.UNTIL_CLOSE : contentLength(h, cl);
    }

    private static long contentLength(Headers h, int at) throws BadMessageException {
        if (h.indexOf(HeaderName.CONTENT_LENGTH, at + 1) >= 0) {
            throw BadMessageException.codecError();
        }
        AsciiString v = h.value(at);
        if (v.isEmpty() || v.length() > 18) {
            throw BadMessageException.codecError();
        }
        long n = 0;
        for (int i = 0; i < v.length(); i++) {
            byte c = v.byteAt(i);
            if (!Http1Heads.digit(c)) {
                throw BadMessageException.codecError();
            }
            n = n * 10 + (c - '0');
        }
        return n;
    }
}
