using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Tests.Fuzz;

/// <summary>What Kestrel knows of a request with a body, all of which is there.</summary>
internal sealed class SentBody : IHttpRequestBodyDetectionFeature, IHttpMaxRequestBodySizeFeature
{
    public SentBody(ReadOnlyMemory<byte> body)
    {
        CanHaveBody = !body.IsEmpty;
        HttpRequestFeature request = new() { Body = new MemoryStream(body.ToArray(), writable: false) };
        request.Headers.ContentLength = body.Length;
        Features.Set<IHttpRequestFeature>(request);
        Features.Set<IHttpRequestBodyDetectionFeature>(this);
        Features.Set<IHttpMaxRequestBodySizeFeature>(this);
    }

    public FeatureCollection Features { get; } = new();

    public bool CanHaveBody { get; }

    public bool IsReadOnly => false;

    public long? MaxRequestBodySize { get; set; }
}
