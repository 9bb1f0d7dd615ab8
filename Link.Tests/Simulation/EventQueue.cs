namespace Link.Tests.Simulation;

/// <summary>What happens when. Times are microseconds of true time; events of one time happen in the order in which they were added.</summary>
internal sealed class EventQueue
{
    private readonly PriorityQueue<Action, (long TimeUs, long Order)> _events = new();
    private long _order;

    public long NowUs { get; private set; }

    public void At(long timeUs, Action action) => _events.Enqueue(action, (Math.Max(NowUs, timeUs), _order++));

    public void After(long delayUs, Action action) => At(NowUs + delayUs, action);

    public void RunUntil(long endUs)
    {
        while (_events.TryPeek(out _, out (long TimeUs, long) next) && next.TimeUs <= endUs)
        {
            NowUs = next.TimeUs;
            _events.Dequeue()();
        }

        NowUs = endUs;
    }
}
