namespace Link.Core.Net.Linux;

/// <summary>How a process ended.</summary>
/// <param name="BySignal">It was killed.</param>
/// <param name="Number">The exit status, or the signal's number.</param>
internal readonly record struct ProcessStatus(bool BySignal, int Number)
{
    public bool IsSuccess => this is { BySignal: false, Number: 0 };
}
