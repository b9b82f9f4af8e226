/**
 * The one header type and the one message head of Milepost, shared by HTTP/1.1 and HTTP/2.
 *
 * <p>Start with {@link io.milepost.http.Headers} (ordered, duplicates kept, names without letter case) and {@link
 * io.milepost.http.RequestHead} / {@link io.milepost.http.ResponseHead}. Codecs fill them, policies and filters read and
 * change them, logs print them. Values are {@link io.netty.util.AsciiString}s that share one array per message head.
 */
@NullMarked
package io.milepost.http;

import org.jspecify.annotations.NullMarked;
