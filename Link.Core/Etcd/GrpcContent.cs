using System.Net;
using System.Net.Http.Headers;

namespace Link.Core.Etcd;

/// <summary>The one message of a simple call. It knows whether it was handed to a connection: if not, the call provably was not sent.</summary>
internal sealed class GrpcContent : HttpContent
{
    public static readonly MediaTypeHeaderValue MediaType = new("application/grpc");

    private readonly ReadOnlyMemory<byte> _frame;

    public GrpcContent(ReadOnlyMemory<byte> frame)
    {
        _frame = frame;
        Headers.ContentType = MediaType;
    }

    public bool WasSent { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        WasSent = true;
        await stream.WriteAsync(_frame, cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _frame.Length;
        return true;
    }
}
