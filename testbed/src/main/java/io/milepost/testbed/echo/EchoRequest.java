package io.milepost.testbed.echo;

import io.milepost.testbed.echo.EchoRecords.Header;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A complete request as an application received it, header lines untouched. */
@SuppressWarnings("ArrayRecordComponent") // handed over, never shared
record EchoRequest(
        String protocol, String method, String path, List<Header> headers, byte[] body, List<Header> trailers) {

    /** The last value of a header, names compared without case. */
    @Nullable
    String header(String name) {
        String found = null;
        for (Header h : headers) {
            if (h.name().toLowerCase(Locale.ROOT).equals(name)) {
                found = h.value();
            }
        }
        return found;
    }

    String header(String name, String otherwise) {
        String value = header(name);
        return value == null ? otherwise : value;
    }
}
