using Google.Protobuf;
using Link.Core.Etcd;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class AnswerShapeTests
{
    private static readonly TxnRequest s_asked = TxnBuilder.If(When.Absent("a")).Then(Op.Get("a"), Op.Nested(TxnBuilder.If().Then(Op.Put("b", "1"), Op.Delete("c")))).Else(Op.Get("d"));

    private static readonly TxnResponse s_told = new()
    {
        Header = new ResponseHeader { Revision = 3 },
        Succeeded = true,
        Responses =
        {
            new ResponseOp { ResponseRange = new RangeResponse() },
            new ResponseOp { ResponseTxn = new TxnResponse { Succeeded = true, Responses = { new ResponseOp { ResponsePut = new PutResponse() }, new ResponseOp { ResponseDeleteRange = new DeleteRangeResponse() } } } },
        },
    };

    [Fact]
    public void What_etcd_answers_fits() => Assert.Null(AnswerShape.Fault(s_asked, s_told));

    [Fact]
    public void The_other_branch_has_other_answers()
    {
        Assert.NotNull(Fault(told => told.Succeeded = false));
        Assert.Null(AnswerShape.Fault(s_asked, new TxnResponse { Header = new ResponseHeader(), Responses = { s_told.Responses[0] } }));
    }

    [Fact]
    public void A_transaction_without_a_condition_succeeds()
    {
        TxnRequest asked = TxnBuilder.If().Then(Op.Get("a"));
        Assert.NotNull(AnswerShape.Fault(asked, new TxnResponse { Header = new ResponseHeader() }));
        Assert.Null(AnswerShape.Fault(asked, new TxnResponse { Header = new ResponseHeader(), Succeeded = true, Responses = { s_told.Responses[0] } }));
    }

    [Fact]
    public void An_answer_without_a_revision_or_with_other_parts_does_not_fit()
    {
        Assert.NotNull(Fault(static told => told.Header = null));
        Assert.NotNull(Fault(static told => told.Responses.Clear()));
        Assert.NotNull(Fault(static told => told.Responses.Add(new ResponseOp())));
        Assert.NotNull(Fault(static told => told.Responses[0] = new ResponseOp()));
        Assert.NotNull(Fault(static told => told.Responses[0] = new ResponseOp { ResponsePut = new PutResponse() }));
        Assert.NotNull(Fault(static told => told.Responses[1].ResponseTxn.Responses.RemoveAt(1)));
        Assert.NotNull(AnswerShape.Fault(new RangeRequest(), new RangeResponse()));
    }

    [Fact]
    public void A_watch_tells_revisions_and_keys()
    {
        Assert.Null(AnswerShape.Fault(new WatchResponse { Header = new ResponseHeader(), Events = { new Event { Kv = new KeyValue() } } }));
        Assert.Null(AnswerShape.Fault(new WatchResponse { Canceled = true }));
        Assert.NotNull(AnswerShape.Fault(new WatchResponse()));
        Assert.NotNull(AnswerShape.Fault(new WatchResponse { Header = new ResponseHeader(), Events = { new Event() } }));
    }

    private static string? Fault(Action<TxnResponse> change)
    {
        TxnResponse told = s_told.Clone();
        change(told);
        return AnswerShape.Fault(s_asked, TxnResponse.Parser.ParseFrom(told.ToByteArray()));
    }
}
