using Link.Core.Api.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api;

/// <summary>One request's body: read whole or not at all, within a size, a deadline and what all bodies together may take.</summary>
/// <param name="features">The request's.</param>
/// <param name="options">Sizes and deadlines.</param>
/// <param name="memory">The request's.</param>
internal sealed class RequestBody(IFeatureCollection features, ApiOptions options, RequestMemory memory)
{
    /// <summary>
    /// What a byte of JSON takes, at the worst: itself, and six of the document's index (twelve for each value; "0,0,0" has one in two bytes); and as much
    /// again where a part is copied for the command that it asks for.
    /// </summary>
    internal const int BytesPerByte = 14;

    private const int LeastBytes = 1024;

    /// <param name="most">Bytes that this route takes.</param>
    /// <param name="cancel">Ends the reading: the client is gone.</param>
    /// <exception cref="BadHttpRequestException">Too large, too slow, or not what its head says.</exception>
    /// <exception cref="ApiBusyException">See <see cref="RequestMemory.TakeAsync"/>.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(int most, CancellationToken cancel)
    {
        IHttpRequestFeature request = features.GetRequiredFeature<IHttpRequestFeature>();
        if (features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        long? declared = request.Headers.ContentLength;
        if (declared > most)
        {
            throw TooLarge(most);
        }

        features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        long expected = Math.Max(declared ?? most, LeastBytes);
        await memory.TakeAsync(expected * BytesPerByte, cancel);
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel, memory.Revoked);
        deadline.CancelAfter(options.BodyDeadline);
        try
        {
            ReadOnlyMemory<byte> body = await ReadAsync(request.Body, (int)(declared ?? most), deadline.Token);
            memory.Settle();
            return body;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (memory.Revoked.IsCancellationRequested)
        {
            throw new ApiBusyException("the body came slowly, and others need the memory");
        }
        catch (OperationCanceledException)
        {
            throw new BadHttpRequestException($"the body did not come within {options.BodyDeadline.TotalSeconds:0.###} s", StatusCodes.Status408RequestTimeout);
        }
        catch (BadHttpRequestException bad)
        {
            throw bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge(most) : bad;
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // The client is gone, its chunks have no size, its trailers are no text: Kestrel tells each by an exception of its own.
            throw new BadHttpRequestException($"the body is broken: {broken.Message}", StatusCodes.Status400BadRequest, broken);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(Stream body, int most, CancellationToken cancel)
    {
        Memory<byte> buffer = memory.Rent(most)[..most];
        int read = 0;
        while (read < most)
        {
            int count = await body.ReadAsync(buffer[read..], cancel);
            if (count == 0)
            {
                return buffer[..read];
            }

            read += count;
        }

        // Whether that was all.
        return await body.ReadAsync(new byte[1], cancel) == 0 ? buffer : throw TooLarge(most);
    }

    private static BadHttpRequestException TooLarge(int most) => new($"the body is larger than {most} bytes", StatusCodes.Status413PayloadTooLarge);
}
