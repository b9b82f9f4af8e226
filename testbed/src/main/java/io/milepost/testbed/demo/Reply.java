package io.milepost.testbed.demo;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What came back.
 *
 * @param headers by lower-case name, in order of arrival
 */
record Reply(int status, Map<String, List<String>> headers, String body) {
    String header(String name) {
        List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
        return values == null ? "" : values.getFirst();
    }
}
